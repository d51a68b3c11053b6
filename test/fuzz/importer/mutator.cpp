//===- mutator.cpp - Changes models as models -----------------------------===//
//
// Flipped bytes rarely survive the protobuf parser. Half of the mutations
// therefore change a field of the parsed model: numbers, names, types, and
// whole nodes, tensors or attributes removed, repeated or swapped.
//
//===----------------------------------------------------------------------===//

#include "onnx/onnx_pb.h"

#include "google/protobuf/message.h"

#include <cstring>
#include <random>
#include <string>
#include <vector>

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

extern "C" size_t LLVMFuzzerMutate(unsigned char *data, size_t size,
                                   size_t maxSize);

namespace {

struct Place {
  Message *message;
  const FieldDescriptor *field;
};

/// All fields that are set, anywhere in the message.
void collect(Message &message, std::vector<Place> &places) {
  const Reflection *reflection = message.GetReflection();
  std::vector<const FieldDescriptor *> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor *field : fields) {
    places.push_back({&message, field});
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE)
      continue;
    if (!field->is_repeated()) {
      collect(*reflection->MutableMessage(&message, field), places);
      continue;
    }
    for (int i = 0, e = reflection->FieldSize(message, field); i < e; ++i)
      collect(*reflection->MutableRepeatedMessage(&message, field, i), places);
  }
}

class Mutator {
public:
  explicit Mutator(unsigned seed) : random(seed) {}

  void mutate(onnx::ModelProto &model) {
    std::vector<Place> places;
    collect(model, places);
    if (places.empty())
      return;
    Place place = places[below(places.size())];
    if (place.field->is_repeated())
      mutateRepeated(place, model);
    else
      mutateSingle(place, model);
  }

private:
  size_t below(size_t limit) { return random() % limit; }

  int64_t number(int64_t old) {
    static const int64_t interesting[] = {
        0,         1,         2,         3,         4,         7,         16,
        -1,        -2,        127,       128,       255,       1024,      65535,
        65536,     1 << 24,   1LL << 31, 1LL << 32, 1LL << 40, 1LL << 62, 9,
        INT64_MAX, INT64_MIN, INT32_MAX, INT32_MIN, 10,        11};
    switch (below(4)) {
    case 0:
      return int64_t(uint64_t(old) + 1);
    case 1:
      return int64_t(uint64_t(old) - 1);
    default:
      return interesting[below(std::size(interesting))];
    }
  }

  /// A name used elsewhere in the model, or a changed one.
  std::string text(const std::string &old, onnx::ModelProto &model) {
    const onnx::GraphProto &graph = model.graph();
    std::vector<std::string> names = {"", old + "x"};
    for (const auto &input : graph.input())
      names.push_back(input.name());
    for (const auto &tensor : graph.initializer())
      names.push_back(tensor.name());
    for (const auto &node : graph.node()) {
      names.insert(names.end(), node.output().begin(), node.output().end());
      names.push_back(node.op_type());
      for (const auto &attribute : node.attribute())
        names.push_back(attribute.name());
    }
    if (below(3))
      return names[below(names.size())];
    std::string bytes = old.empty() ? "a" : old;
    bytes.resize(bytes.size() + 8);
    size_t size =
        LLVMFuzzerMutate(reinterpret_cast<unsigned char *>(bytes.data()),
                         bytes.size() - 8, bytes.size());
    bytes.resize(size);
    return bytes;
  }

  void mutateSingle(Place place, onnx::ModelProto &model) {
    const Reflection *r = place.message->GetReflection();
    Message *m = place.message;
    const FieldDescriptor *f = place.field;
    if (below(8) == 0)
      return r->ClearField(m, f);
    switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return r->SetInt32(m, f, int32_t(number(r->GetInt32(*m, f))));
    case FieldDescriptor::CPPTYPE_INT64:
      return r->SetInt64(m, f, number(r->GetInt64(*m, f)));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return r->SetFloat(m, f,
                         below(2) ? -r->GetFloat(*m, f) : float(number(0)));
    case FieldDescriptor::CPPTYPE_ENUM:
      return r->SetEnumValue(m, f, int(below(16)));
    case FieldDescriptor::CPPTYPE_STRING:
      return r->SetString(m, f, text(r->GetString(*m, f), model));
    default:
      return;
    }
  }

  void mutateRepeated(Place place, onnx::ModelProto &model) {
    const Reflection *r = place.message->GetReflection();
    Message *m = place.message;
    const FieldDescriptor *f = place.field;
    int size = r->FieldSize(*m, f);
    if (size == 0)
      return;
    int index = int(below(size)), other = int(below(size));
    switch (below(4)) {
    case 0:
      return r->SwapElements(m, f, index, other);
    case 1:
      r->SwapElements(m, f, index, size - 1);
      return r->RemoveLast(m, f);
    case 2:
      if (f->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Message *added = r->AddMessage(m, f);
        added->CopyFrom(r->GetRepeatedMessage(*m, f, index));
        return;
      }
      break;
    }
    switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return r->SetRepeatedInt32(
          m, f, index, int32_t(number(r->GetRepeatedInt32(*m, f, index))));
    case FieldDescriptor::CPPTYPE_INT64:
      return r->SetRepeatedInt64(m, f, index,
                                 number(r->GetRepeatedInt64(*m, f, index)));
    case FieldDescriptor::CPPTYPE_STRING:
      return r->SetRepeatedString(
          m, f, index, text(r->GetRepeatedString(*m, f, index), model));
    default:
      return;
    }
  }

  std::mt19937 random;
};

} // namespace

extern "C" size_t LLVMFuzzerCustomMutator(unsigned char *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  onnx::ModelProto model;
  if (seed % 2 == 0 || !model.ParseFromArray(data, int(size)))
    return LLVMFuzzerMutate(data, size, maxSize);
  Mutator mutator(seed);
  for (unsigned i = 0; i <= seed / 2 % 3; ++i)
    mutator.mutate(model);
  std::string bytes = model.SerializeAsString();
  if (bytes.empty() || bytes.size() > maxSize)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

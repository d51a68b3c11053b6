/*===- Inputs.c - Input files and the specialisation they choose ----------===*/

#include "Inputs.h"

#include "Device.h"
#include "Extents.h"
#include "Find.h"
#include "Npy.h"
#include "PictureInput.h"

#include <string.h>

/* Specialisations that are still possible, as bits, and the input at hand. */
typedef struct choice {
  const dlc_model *model;
  uint64_t left;
  uint32_t input;
  /* The input at hand as the file has it. */
  dlc_tensor_info given;
} choice;

/* The shapes of the files. */
static int64_t given_shapes[DLC_MAX_TENSORS][DLC_NPY_MAX_RANK];

_Static_assert(DLC_MAX_SPECIALISATIONS <= 64, "they are bits of a word");

static uint64_t every(const dlc_model *model) {
  return ~(uint64_t)0 >> (64 - model->num_specialisations);
}

static int is_left(const choice *choice, uint64_t number) {
  return choice->left >> number & 1;
}

/* The text of a list that goes into a message, as far as there is room. */
static int list_size(const dlc_out *list) {
  return list->size < 600 ? (int)list->size : 600;
}

static const char *list_end(const dlc_out *list) {
  return list->size < 600 ? "" : " ...";
}

static void list_dims(const choice *choice, dlc_out *list) {
  const char *separator = "";
  dlc_out_init(list, -1);
  for (uint64_t s = 0; s < choice->model->num_specialisations; ++s)
    if (is_left(choice, s)) {
      dlc_print(list, "%s%s", separator,
                choice->model->specialisations[s].dims);
      separator = "; ";
    }
}

static void list_shapes(const choice *choice, dlc_out *list) {
  const char *separator = "";
  dlc_out_init(list, -1);
  for (uint64_t s = 0; s < choice->model->num_specialisations; ++s)
    if (is_left(choice, s)) {
      const dlc_specialisation *each = &choice->model->specialisations[s];
      const dlc_tensor_info *tensor = &each->inputs[choice->input];
      dlc_print(list, "%s", separator);
      dlc_print_tensor_shape(list, tensor);
      if (*each->dims)
        dlc_print(list, " (%s)", each->dims);
      separator = ", ";
    }
}

/* Whether one of the "name=value" in `dims` is `item`. */
static int has_item(const char *dims, const char *item) {
  size_t size = strlen(item);
  for (;; ++dims) {
    if (strncmp(dims, item, size) == 0 && (!dims[size] || dims[size] == ','))
      return 1;
    dims = strchr(dims, ',');
    if (!dims)
      return 0;
  }
}

/* What --dim says. */
static int choose_dims(const dlc_cli *cli, choice *choice, dlc_error *error) {
  for (int i = 0; i < cli->num_dims; ++i) {
    uint64_t left = 0;
    for (uint64_t s = 0; s < choice->model->num_specialisations; ++s)
      if (is_left(choice, s) &&
          has_item(choice->model->specialisations[s].dims, cli->dims[i]))
        left |= (uint64_t)1 << s;
    if (!left && choice->model->num_specialisations == 1)
      return dlc_fail(error,
                      "--dim %.200s: the program was compiled for one "
                      "shape of each input only",
                      cli->dims[i]);
    if (!left) {
      dlc_out list;
      list_dims(choice, &list);
      return dlc_fail(
          error, "--dim %.200s: the program was compiled for %.*s%s",
          cli->dims[i], list_size(&list), list.buffer, list_end(&list));
    }
    choice->left = left;
  }
  return 0;
}

/* A dlc_npy_pick: keeps those whose input has the file's shape. */
static const dlc_tensor_info *pick(void *context, const dlc_npy_header *header,
                                   dlc_error *error) {
  choice *choice = context;
  const dlc_tensor_info *found = NULL;
  uint64_t left = 0;
  for (uint64_t s = 0; s < choice->model->num_specialisations; ++s) {
    const dlc_tensor_info *tensor =
        &choice->model->specialisations[s].inputs[choice->input];
    if (is_left(choice, s) && tensor->rank == header->rank &&
        dlc_same_shape_v3(tensor, header->shape)) {
      left |= (uint64_t)1 << s;
      found = tensor;
    }
  }
  if (found) {
    choice->left = left;
    choice->given = *found;
    choice->given.shape = given_shapes[choice->input];
    choice->given.bytes = dlc_dtype_lookup(found->dtype)->size;
    for (uint32_t d = 0; d < header->rank; ++d) {
      given_shapes[choice->input][d] = header->shape[d];
      choice->given.bytes *= (uint64_t)header->shape[d];
    }
    return &choice->given;
  }
  dlc_out have, list;
  dlc_out_init(&have, -1);
  dlc_print_shape(&have, header->shape, header->rank);
  list_shapes(choice, &list);
  dlc_fail(
      error, "its shape is %.*s, but the program was compiled for %.*s%s%s",
      (int)(have.size < 200 ? have.size : 200), have.buffer, list_size(&list),
      list.buffer, list_end(&list),
      choice->left == every(choice->model) ? ""
                                           : ", given what was said before");
  return NULL;
}

/* Where inputs are read to, before it is known which specialisation they
 * choose: where those of the largest one would be. */
static void place_largest(const dlc_program *program, uint64_t alignment,
                          unsigned char **places) {
  const dlc_model *model = program->model;
  unsigned char *at = program->tensors;
  for (uint32_t i = 0; i < model->num_inputs; ++i) {
    uint64_t most = 0;
    for (uint64_t s = 0; s < model->num_specialisations; ++s) {
      uint64_t bytes = dlc_place_tensors(&model->specialisations[s].inputs[i],
                                         1, alignment, NULL);
      most = bytes > most ? bytes : most;
    }
    places[i] = at;
    at += most;
  }
}

/* Places tensors one after the other; returns their bytes. */
static uint64_t place(unsigned char *begin, const dlc_tensor_info *tensors,
                      uint32_t count, uint64_t alignment, void **places) {
  uint64_t offsets[DLC_MAX_TENSORS];
  uint64_t bytes = dlc_place_tensors(tensors, count, alignment, offsets);
  for (uint32_t i = 0; i < count; ++i)
    places[i] = begin + offsets[i];
  return bytes;
}

/* Inputs for --benchmark: floating-point numbers from [0.5, 1), zeros else (an
 * integer may be an index). */
static void make_up(const dlc_tensor_info *tensor, void *data) {
  uint64_t seed = 88172645463325252u;
  unsigned char *bytes = data;
  uint32_t size = dlc_dtype_lookup(tensor->dtype)->size;
  for (uint64_t at = 0; at < tensor->bytes; at += size) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    uint64_t bits = 0;
    switch (tensor->dtype) {
    case DLC_DTYPE_F64:
      bits = 0x3fe0000000000000u | seed >> 12;
      break;
    case DLC_DTYPE_F32:
      bits = 0x3f000000u | seed >> 41;
      break;
    case DLC_DTYPE_F16:
      bits = 0x3800u | seed >> 54;
      break;
    case DLC_DTYPE_BF16:
      bits = 0x3f00u | seed >> 57;
      break;
    default:
      break;
    }
    memcpy(bytes + at, &bits, size); /* little-endian */
  }
}

static const char *name_of(const dlc_program *program, uint32_t input) {
  return program->specialisation->inputs[input].name;
}

/* Whether inputs are what the program was compiled for. */
static int check_values(const dlc_program *program, dlc_error *error) {
  const dlc_model *model = program->model;
  uint32_t chosen =
      (uint32_t)(program->specialisation - model->specialisations);
  dlc_wrong_value wrong;
  if (dlc_check_values_v3(model, chosen, (const void *const *)program->inputs,
                          NULL, &wrong))
    return 0;
  const dlc_requirement *required = wrong.requirement;
  const dlc_tensor_info *tensor =
      &program->specialisation->inputs[required->input];
  if (!required->is_range && !dlc_is_integer_v3(tensor->dtype))
    return dlc_fail(error,
                    "element %llu of input '%.200s' is not what the program "
                    "was compiled for",
                    (unsigned long long)wrong.element,
                    name_of(program, required->input));
  long long value = dlc_integer_v3(
      tensor->dtype, program->inputs[required->input], wrong.element);
  long long least =
      dlc_integer_v3(tensor->dtype, required->least, wrong.element);
  long long most = dlc_integer_v3(tensor->dtype, required->most, wrong.element);
  if (least == most)
    return dlc_fail(error,
                    "element %llu of input '%.200s' is %lld, but the program "
                    "was compiled for %lld",
                    (unsigned long long)wrong.element,
                    name_of(program, required->input), value, least);
  return dlc_fail(error,
                  "element %llu of input '%.200s' is %lld, but the program was "
                  "compiled for %lld to %lld",
                  (unsigned long long)wrong.element,
                  name_of(program, required->input), value, least, most);
}

/* Inputs whose only run is this one are read to where that wants them. */
static int is_direct(const dlc_program *program, const dlc_backend *backend) {
  return backend->arena && program->model->num_specialisations == 1 &&
         program->model->specialisations[0].input_offsets &&
         !program->cli->benchmark && !program->cli->profile;
}

static int read_files(const dlc_program *program, unsigned char *const *places,
                      choice *choice, dlc_error *error) {
  const dlc_model *model = program->model;
  for (uint32_t i = 0; i < model->num_inputs; ++i) {
    const char *file = program->cli->inputs[i];
    choice->input = i;
    if (!file)
      continue;
    const dlc_picture_input *picture = dlc_find_picture(model, i);
    if (picture) {
      if (dlc_read_picture(file, model, picture,
                           program->tensors + model->picture_offset, pick,
                           choice, places[i], error))
        return -1;
    } else if (model->num_specialisations == 1 &&
                       !dlc_is_bounded(&model->inputs[i])
                   ? dlc_npy_read(file, &model->inputs[i], places[i], error)
                   : dlc_npy_read_any(file, &model->inputs[i], pick, choice,
                                      places[i], error))
      return -1;
  }
  return 0;
}

/* Takes the extents of the inputs from their shapes, which have to agree; those
 * that no file has are as large as they can be. */
static int find_extents(dlc_program *program, dlc_error *error) {
  uint32_t count = program->model->num_inputs;
  const dlc_tensor_info *inputs = program->specialisation->inputs;
  const dlc_tensor_info *extents = dlc_extents_tensor(inputs, count);
  int64_t *values = extents ? program->inputs[count - 1] : NULL;
  static const dlc_tensor_info *from[DLC_MAX_EXTENTS];
  for (int made_up = 0; made_up < 2; ++made_up)
    for (uint32_t i = 0; extents && i < count - 1; ++i)
      for (uint32_t d = 0; inputs[i].extents && d < inputs[i].rank; ++d) {
        int32_t number = inputs[i].extents[d];
        if (number < 0 || made_up != !program->cli->inputs[i] ||
            (made_up && from[number]))
          continue;
        int64_t extent = made_up ? inputs[i].shape[d] : given_shapes[i][d];
        if (from[number] && values[number] != extent)
          return dlc_fail(error,
                          "dimension %u of input '%.200s' is %lld, but in "
                          "'%.200s' it is %lld",
                          d, inputs[i].name, (long long)extent,
                          from[number]->name, (long long)values[number]);
        from[number] = &inputs[i];
        values[number] = extent;
      }
  return 0;
}

/* Where everything is, now that the specialisation is known. */
static void place_all(dlc_program *program, const dlc_backend *backend,
                      unsigned char *const *read) {
  const dlc_model *model = program->model;
  const dlc_specialisation *chosen = program->specialisation;
  program->input_bytes =
      place(program->tensors, chosen->inputs, model->num_inputs,
            backend->alignment, program->inputs);
  program->output_bytes =
      place(program->tensors + program->input_bytes, chosen->outputs,
            model->num_outputs, backend->alignment, program->outputs);
  for (uint32_t i = 0; is_direct(program, backend) && i < model->num_inputs;
       ++i)
    program->inputs[i] = read[i];
  if (backend->arena && chosen->output_offsets)
    for (uint32_t i = 0; i < model->num_outputs; ++i)
      program->outputs[i] = backend->arena + chosen->output_offsets[i];
}

int dlc_read_inputs(dlc_program *program, const dlc_backend *backend,
                    dlc_error *error) {
  const dlc_model *model = program->model;
  choice choice = {.model = model, .left = every(model)};
  if (choose_dims(program->cli, &choice, error))
    return -1;
  unsigned char *read[DLC_MAX_TENSORS];
  if (is_direct(program, backend))
    for (uint32_t i = 0; i < model->num_inputs; ++i)
      read[i] = backend->arena + model->specialisations[0].input_offsets[i];
  else
    place_largest(program, backend->alignment, read);
  if (read_files(program, read, &choice, error))
    return -1;
  /* The first one that is left: that of the user's list where nothing says
   * more. */
  program->specialisation =
      &model->specialisations[__builtin_ctzll(choice.left)];
  place_all(program, backend, read);
  /* No input moves up, so none is written over before it has moved. */
  const dlc_tensor_info *inputs = program->specialisation->inputs;
  for (uint32_t i = 0; i < model->num_inputs; ++i)
    if (!program->cli->inputs[i]) {
      const dlc_requirement *required = dlc_find_requirement_v3(model, i);
      if (required)
        memcpy(program->inputs[i], required->most, inputs[i].bytes);
      else
        make_up(&inputs[i], program->inputs[i]);
      int64_t seed = program->cli->seed; /* (the run is number 0) */
      if (inputs[i].role == DLC_ROLE_RANDOM)
        memcpy(program->inputs[i], &seed, sizeof(seed));
    } else {
      memmove(program->inputs[i], read[i], inputs[i].bytes);
      if (dlc_is_bounded(&inputs[i]))
        dlc_spread_tensor(&inputs[i], given_shapes[i],
                          dlc_dtype_lookup(inputs[i].dtype)->size,
                          program->inputs[i]);
    }
  return find_extents(program, error) || check_values(program, error) ? -1 : 0;
}

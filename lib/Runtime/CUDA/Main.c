/*===- Main.c - The main function of a compiled CUDA program --------------===*/

#include "Clock.h"
#include "Device.h"
#include "Extents.h"
#include "Instance.h"
#include "Program.h"
#include "Timeline.h"

/* Emitted by the compiler, see dlc_abi.h. */
extern const dlc_model dlc_model_descriptor;
extern unsigned char dlc_tensors[];

/* Everything that the program holds of the GPU. */
static struct {
  const dlc_cuda *cuda;
  CUdevice device;
  char name[128];
  CUcontext context;
  size_t free_before; /* of the device's memory, in bytes */
  CUdeviceptr memory; /* the one allocation */
  dlc_device_layout layout;
  CUstream stream;
  dlc_instance instance;
  CUgraph graph;
  CUgraphExec exec;
  int pinned;        /* whether dlc_tensors is */
  CUevent events[4]; /* around copy in, graph and copy out */
  /* Where the tensors are: `places` points to the two arrays. */
  CUdeviceptr inputs[DLC_MAX_TENSORS], outputs[DLC_MAX_TENSORS];
  dlc_places places;
  dlc_timeline timeline; /* for a profile */
} gpu;

static int explain(CUresult result, const char *what, dlc_error *error) {
  if (result == CUDA_SUCCESS)
    return 0;
  return dlc_cuda_explain_v1(gpu.cuda, result, what, error);
}

/* There is one code, whose architectures `start` checks. */
static const char *choose(const dlc_model *model, char *lacking) {
  (void)model;
  (void)lacking;
  return NULL;
}

static int pick_device(const dlc_program *program, dlc_error *error) {
  int count = 0, capability;
  int index = program->cli->device < 0 ? 0 : program->cli->device;
  if (explain(gpu.cuda->cuDeviceGetCount(&count), "cannot count the GPUs",
              error))
    return -1;
  if (index >= count)
    return dlc_cuda_fail_v1(
        error, "GPU %d was asked for, but the driver has %d, numbered from 0",
        index, count);
  CUresult result = gpu.cuda->cuDeviceGet(&gpu.device, index);
  if (result == CUDA_SUCCESS)
    result = gpu.cuda->cuDeviceGetName(gpu.name, sizeof(gpu.name), gpu.device);
  if (explain(result, "the GPU does not answer", error))
    return -1;
  return dlc_instance_check_arch_v1(program->model, gpu.cuda, gpu.device,
                                    &capability, error);
}

static int make_context(dlc_error *error) {
  CUresult result =
      gpu.cuda->cuDevicePrimaryCtxRetain(&gpu.context, gpu.device);
  if (result != CUDA_SUCCESS)
    gpu.context = NULL;
  else
    result = gpu.cuda->cuCtxSetCurrent(gpu.context);
  return explain(result, "the GPU can not be used", error);
}

/* The one allocation, after a look at what is free. */
static int take_memory(const dlc_model *model, dlc_error *error) {
  size_t total;
  gpu.layout = dlc_lay_out_device(model);
  if (explain(gpu.cuda->cuMemGetInfo(&gpu.free_before, &total),
              "the GPU does not tell its free memory", error))
    return -1;
  uint64_t bytes = gpu.layout.bytes ? gpu.layout.bytes : 1;
  CUresult result = CUDA_ERROR_OUT_OF_MEMORY;
  if (bytes <= gpu.free_before)
    result = gpu.cuda->cuMemAlloc(&gpu.memory, bytes);
  if (result != CUDA_ERROR_OUT_OF_MEMORY)
    return explain(result, "the GPU's memory can not be allocated", error);
  dlc_out needed, unused;
  dlc_out_init(&needed, -1);
  dlc_out_init(&unused, -1);
  dlc_print_bytes(&needed, bytes);
  dlc_print_bytes(&unused, gpu.free_before);
  return dlc_cuda_fail_v1(
      error,
      "too little memory on the GPU (%s): %llu bytes (%.*s) are needed, %llu "
      "(%.*s) are free",
      gpu.name, (unsigned long long)bytes, (int)needed.size, needed.buffer,
      (unsigned long long)gpu.free_before, (int)unused.size, unused.buffer);
}

/* What lies behind extents no kernel may ever have written, but the last tiles
 * before them read it, and outputs are copied whole. */
static int clear_memory(const dlc_specialisation *shapes,
                        const dlc_model *model, dlc_error *error) {
  int is_bounded = dlc_extents_tensor(shapes->inputs, model->num_inputs) ||
                   dlc_extents_tensor(shapes->outputs, model->num_outputs);
  return is_bounded && explain(gpu.cuda->cuMemsetD8Async(
                                   gpu.memory, 0, gpu.layout.bytes, gpu.stream),
                               "the GPU's memory can not be cleared", error)
             ? -1
             : 0;
}

static int load(const dlc_program *program, dlc_error *error) {
  const dlc_model *model = program->model;
  if (explain(gpu.cuda->cuStreamCreate(&gpu.stream, CU_STREAM_NON_BLOCKING),
              "no stream can be made", error) ||
      clear_memory(program->specialisation, model, error))
    return -1;
  if (dlc_instance_load_v1(&gpu.instance, model, gpu.cuda) ||
      dlc_instance_upload_v1(&gpu.instance, gpu.memory, gpu.stream)) {
    *error = gpu.instance.error;
    return -1;
  }
  return 0;
}

/* All outputs are copied at once, with the bytes between them, which no kernel
 * writes. */
static int clear_gaps(const dlc_program *program, const uint64_t *offsets,
                      dlc_error *error) {
  for (uint32_t i = 0; i < program->model->num_outputs; ++i) {
    uint64_t end = offsets[i] + program->specialisation->outputs[i].bytes;
    uint64_t gap = -end % DLC_DEVICE_ALIGNMENT;
    if (gap &&
        explain(gpu.cuda->cuMemsetD8Async(gpu.memory + gpu.layout.outputs + end,
                                          0, gap, gpu.stream),
                "the GPU's memory can not be cleared", error))
      return -1;
  }
  return 0;
}

/* The graph of the specialisation that runs. */
static int make_graph(const dlc_program *program, dlc_error *error) {
  const dlc_model *model = program->model;
  const dlc_specialisation *specialisation = program->specialisation;
  uint64_t inputs[DLC_MAX_TENSORS], outputs[DLC_MAX_TENSORS];
  dlc_place_tensors(specialisation->inputs, model->num_inputs,
                    DLC_DEVICE_ALIGNMENT, inputs);
  dlc_place_tensors(specialisation->outputs, model->num_outputs,
                    DLC_DEVICE_ALIGNMENT, outputs);
  if (!specialisation->output_offsets && clear_gaps(program, outputs, error))
    return -1;
  for (uint32_t i = 0; i < model->num_inputs; ++i)
    gpu.inputs[i] = gpu.memory + gpu.layout.inputs + inputs[i];
  for (uint32_t i = 0; i < model->num_outputs; ++i)
    gpu.outputs[i] = gpu.memory + gpu.layout.outputs + outputs[i];
  gpu.places =
      (dlc_places){gpu.memory + gpu.layout.arena, gpu.inputs, gpu.outputs};
  if (dlc_instance_record_v1(&gpu.instance, specialisation, &gpu.places,
                             gpu.context, &gpu.graph)) {
    *error = gpu.instance.error;
    return -1;
  }
  CUresult result = gpu.cuda->cuGraphInstantiate(&gpu.exec, gpu.graph, 0);
  if (result == CUDA_SUCCESS)
    result = gpu.cuda->cuGraphUpload(gpu.exec, gpu.stream);
  return explain(result, "the graph can not be made ready", error);
}

/* What is left: events for measurements, and pinned memory for fast copies. */
static int prepare_runs(const dlc_program *program, dlc_times *times,
                        dlc_error *error) {
  for (int i = 0; i < 4; ++i)
    if (explain(gpu.cuda->cuEventCreate(&gpu.events[i], 0),
                "no event can be made", error))
      return -1;
  uint64_t bytes = program->input_bytes + program->output_bytes;
  /* Copies also work where this does not. */
  gpu.pinned = bytes && gpu.cuda->cuMemHostRegister(program->tensors, bytes,
                                                    0) == CUDA_SUCCESS;
  size_t now, total;
  if (explain(gpu.cuda->cuMemGetInfo(&now, &total),
              "the GPU does not tell its free memory", error))
    return -1;
  times->device_bytes = gpu.free_before > now ? gpu.free_before - now : 0;
  times->device_name = gpu.name;
  return 0;
}

static int prepare_profile(const dlc_program *program, dlc_error *error) {
  const dlc_model *model = program->model;
  const dlc_specialisation *specialisation = program->specialisation;
  const dlc_launch_list *list =
      &model->launch_lists[specialisation - model->specialisations];
  program->profile->device = gpu.name;
  return dlc_profile_reserve(program->profile, model, specialisation, list,
                             dlc_timeline_events(specialisation, list),
                             error) ||
                 dlc_timeline_make(&gpu.timeline, gpu.cuda, specialisation,
                                   error)
             ? -1
             : 0;
}

static int start(const dlc_program *program, dlc_times *times,
                 dlc_error *error) {
  const dlc_model *model = program->model;
  gpu.cuda = dlc_cuda_open_v1(error);
  if (!gpu.cuda || pick_device(program, error) || make_context(error) ||
      take_memory(model, error) || load(program, error) ||
      make_graph(program, error) || prepare_runs(program, times, error) ||
      (program->profile && prepare_profile(program, error)))
    return DLC_EXIT_DEVICE;
  return DLC_EXIT_OK;
}

static CUresult mark(int event, const dlc_sample *sample) {
  return sample ? gpu.cuda->cuEventRecord(gpu.events[event], gpu.stream)
                : CUDA_SUCCESS;
}

static CUresult measure(int first, int last, uint64_t *nanoseconds) {
  float milliseconds;
  CUresult result = gpu.cuda->cuEventElapsedTime(
      &milliseconds, gpu.events[first], gpu.events[last]);
  if (result == CUDA_SUCCESS)
    *nanoseconds = (uint64_t)((double)milliseconds * 1e6);
  return result;
}

/* One copy of all inputs; one for each where they are in the arena, every time:
 * a run uses their memory for other things. */
static CUresult copy_in(const dlc_program *program) {
  const uint64_t *offsets = program->specialisation->input_offsets;
  if (!offsets)
    return program->input_bytes
               ? gpu.cuda->cuMemcpyHtoDAsync(gpu.memory + gpu.layout.inputs,
                                             program->tensors,
                                             program->input_bytes, gpu.stream)
               : CUDA_SUCCESS;
  CUresult result = CUDA_SUCCESS;
  for (uint32_t i = 0; result == CUDA_SUCCESS && i < program->model->num_inputs;
       ++i) {
    uint64_t bytes = program->specialisation->inputs[i].bytes;
    if (bytes)
      result = gpu.cuda->cuMemcpyHtoDAsync(
          gpu.memory + gpu.layout.arena + offsets[i], program->inputs[i], bytes,
          gpu.stream);
  }
  return result;
}

static CUresult copy_out(const dlc_program *program) {
  const uint64_t *offsets = program->specialisation->output_offsets;
  if (!offsets)
    return program->output_bytes ? gpu.cuda->cuMemcpyDtoHAsync(
                                       program->tensors + program->input_bytes,
                                       gpu.memory + gpu.layout.outputs,
                                       program->output_bytes, gpu.stream)
                                 : CUDA_SUCCESS;
  CUresult result = CUDA_SUCCESS;
  for (uint32_t i = 0;
       result == CUDA_SUCCESS && i < program->model->num_outputs; ++i) {
    uint64_t bytes = program->specialisation->outputs[i].bytes;
    if (bytes)
      result = gpu.cuda->cuMemcpyDtoHAsync(
          program->outputs[i], gpu.memory + gpu.layout.arena + offsets[i],
          bytes, gpu.stream);
  }
  return result;
}

/* Copy in, one graph launch, copy out. */
static CUresult enqueue(const dlc_program *program, const dlc_sample *sample) {
  CUresult result = mark(0, sample);
  if (result == CUDA_SUCCESS)
    result = copy_in(program);
  if (result == CUDA_SUCCESS)
    result = mark(1, sample);
  if (result == CUDA_SUCCESS)
    result = gpu.cuda->cuGraphLaunch(gpu.exec, gpu.stream);
  if (result == CUDA_SUCCESS)
    result = mark(2, sample);
  if (result == CUDA_SUCCESS)
    result = copy_out(program);
  if (result == CUDA_SUCCESS)
    result = mark(3, sample);
  return result;
}

/* One of the two copies, between the events `first` and the next one. */
static int note_copy(dlc_profile *profile, uint32_t kind, int first,
                     uint64_t begin, dlc_error *error) {
  dlc_event event = {.kind = kind};
  for (int i = 0; i < 2; ++i)
    if (dlc_timeline_when(gpu.cuda, gpu.events[0], begin, gpu.events[first + i],
                          i ? &event.end : &event.begin, error))
      return -1;
  dlc_profile_add(profile, event);
  return 0;
}

/* As `run`, but the steps are launched one by one. */
static int run_timeline(const dlc_program *program, dlc_error *error) {
  static const char *const failed = "the GPU failed while it was profiled";
  const dlc_specialisation *specialisation = program->specialisation;
  dlc_profile *profile = program->profile;
  dlc_sample marks = {0};
  uint64_t begin = dlc_now();
  CUresult result = mark(0, &marks);
  if (result == CUDA_SUCCESS)
    result = copy_in(program);
  if (result == CUDA_SUCCESS)
    result = mark(1, &marks);
  if (explain(result, failed, error) ||
      dlc_timeline_enqueue(&gpu.timeline, &gpu.instance, specialisation,
                           &gpu.places, gpu.stream, error))
    return -1;
  result = mark(2, &marks);
  if (result == CUDA_SUCCESS)
    result = copy_out(program);
  if (result == CUDA_SUCCESS)
    result = mark(3, &marks);
  if (result == CUDA_SUCCESS)
    result = gpu.cuda->cuStreamSynchronize(gpu.stream);
  return explain(result, failed, error) ||
                 note_copy(profile, DLC_EVENT_INPUT, 0, begin, error) ||
                 note_copy(profile, DLC_EVENT_OUTPUT, 2, begin, error) ||
                 dlc_timeline_read(&gpu.timeline, gpu.events[0], begin, profile,
                                   error)
             ? -1
             : 0;
}

static int run(const dlc_program *program, dlc_sample *sample,
               dlc_error *error) {
  if (program->profile && program->profile->recording)
    return run_timeline(program, error) ? DLC_EXIT_DEVICE : DLC_EXIT_OK;
  CUresult result = enqueue(program, sample);
  if (result == CUDA_SUCCESS)
    result = gpu.cuda->cuStreamSynchronize(gpu.stream);
  if (result == CUDA_SUCCESS && sample) {
    result = measure(0, 3, &sample->run);
    if (result == CUDA_SUCCESS)
      result = measure(1, 2, &sample->device);
  }
  return explain(result, "the GPU failed while it ran the model", error)
             ? DLC_EXIT_DEVICE
             : DLC_EXIT_OK;
}

/* After a failure some of these fail, too: there is nobody to tell. */
static void stop(void) {
  const dlc_cuda *cuda = gpu.cuda;
  if (!cuda || !gpu.context)
    return;
  if (gpu.pinned)
    (void)cuda->cuMemHostUnregister(dlc_tensors);
  for (int i = 0; i < 4; ++i)
    if (gpu.events[i])
      (void)cuda->cuEventDestroy(gpu.events[i]);
  dlc_timeline_free(&gpu.timeline);
  if (gpu.exec)
    (void)cuda->cuGraphExecDestroy(gpu.exec);
  if (gpu.graph)
    (void)cuda->cuGraphDestroy(gpu.graph);
  if (gpu.instance.cuda)
    dlc_instance_unload_v1(&gpu.instance);
  if (gpu.stream)
    (void)cuda->cuStreamDestroy(gpu.stream);
  if (gpu.memory)
    (void)cuda->cuMemFree(gpu.memory);
  (void)cuda->cuDevicePrimaryCtxRelease(gpu.device);
}

int main(int argc, char **argv) {
  static const dlc_backend backend = {.alignment = DLC_DEVICE_ALIGNMENT,
                                      .environment = "DLC_DEVICE",
                                      .choose = choose,
                                      .start = start,
                                      .run = run,
                                      .stop = stop};
  return dlc_main(argc, argv, &dlc_model_descriptor, dlc_tensors, &backend);
}

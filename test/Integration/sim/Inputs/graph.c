/* Graphs: built by hand and by capture, changed, updated, cloned. */
#include "gpu.h"

enum { N = 100 };

static CUfunction step;
static CUdeviceptr data;
static int n = N;

static void set_data(int value) { OK(cuMemsetD32(data, (unsigned)value, N)); }

static void expect_data(int value) {
  int out[N];
  OK(cuCtxSynchronize());
  OK(cuMemcpyDtoH(out, data, sizeof(out)));
  for (int i = 0; i < N; ++i)
    NEAR("data", i, out[i], value, 0);
}

/* The parameters of data = data * factor + term; good until the next call. */
static CUDA_KERNEL_NODE_PARAMS params_of(int factor, int term) {
  static int values[2];
  static void *arguments[] = {&data, &n, &values[0], &values[1]};
  CUDA_KERNEL_NODE_PARAMS params = {0};
  values[0] = factor;
  values[1] = term;
  params.func = step;
  params.gridDimX = 2;
  params.gridDimY = params.gridDimZ = 1;
  params.blockDimX = 64;
  params.blockDimY = params.blockDimZ = 1;
  params.kernelParams = arguments;
  return params;
}

static CUgraphNode add_step(CUgraph graph, CUgraphNode after, int factor,
                            int term) {
  CUDA_KERNEL_NODE_PARAMS params = params_of(factor, term);
  CUgraphNode node;
  OK(cuGraphAddKernelNode(&node, graph, &after, after ? 1 : 0, &params));
  return node;
}

static void launch_step(CUstream stream, int factor, int term) {
  CUDA_KERNEL_NODE_PARAMS p = params_of(factor, term);
  OK(cuLaunchKernel(p.func, p.gridDimX, 1, 1, p.blockDimX, 1, 1, 0, stream,
                    p.kernelParams, NULL));
}

static void launch(CUgraphExec exec) {
  OK(cuGraphLaunch(exec, NULL));
  OK(cuStreamSynchronize(NULL));
}

static void shape_of(CUgraph graph, size_t nodes, size_t roots, size_t edges) {
  CUgraphNode list[16], from[16], to[16];
  size_t count;
  OK(cuGraphGetNodes(graph, NULL, &count));
  CHECK(count == nodes);
  count = 16;
  OK(cuGraphGetNodes(graph, list, &count));
  CHECK(count == nodes && (nodes == 16 || !list[nodes]));
  OK(cuGraphGetRootNodes(graph, NULL, &count));
  CHECK(count == roots);
  OK(cuGraphGetEdges(graph, NULL, NULL, NULL, &count));
  CHECK(count == edges);
  count = 16;
  OK(cuGraphGetEdges(graph, from, to, NULL, &count));
  CHECK(count == edges);
}

static void built(void) {
  CUgraph graph;
  CUgraphExec exec;
  CUgraphNode fill, one, two, copy, empty;
  int *host;
  OK(cuMemAllocHost((void **)&host, sizeof(int) * N));
  OK(cuGraphCreate(&graph, 0));
  CUDA_MEMSET_NODE_PARAMS zeros = {data, 0, 7, 4, N, 1};
  OK(cuGraphAddMemsetNode(&fill, graph, NULL, 0, &zeros, NULL));
  one = add_step(graph, fill, 3, 1);
  two = add_step(graph, one, 2, -5);
  OK(cuGraphAddEmptyNode(&empty, graph, &two, 1));
  CUDA_MEMCPY3D down = {0};
  down.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  down.srcDevice = data;
  down.dstMemoryType = CU_MEMORYTYPE_HOST;
  down.dstHost = host;
  down.WidthInBytes = sizeof(int) * N;
  down.Height = down.Depth = 1;
  OK(cuGraphAddMemcpyNode(&copy, graph, &empty, 1, &down, NULL));
  shape_of(graph, 5, 1, 4);
  CUgraphNodeType type;
  OK(cuGraphNodeGetType(two, &type));
  CHECK(type == CU_GRAPH_NODE_TYPE_KERNEL);
  OK(cuGraphNodeGetType(copy, &type));
  CHECK(type == CU_GRAPH_NODE_TYPE_MEMCPY);
  OK(cuGraphInstantiate(&exec, graph, 0));
  launch(exec);
  CHECK(host[0] == (7 * 3 + 1) * 2 - 5 && host[N - 1] == host[0]);

  /* nodes of the executable graph change, the graph does not */
  CUDA_KERNEL_NODE_PARAMS p = params_of(10, 0), q;
  OK(cuGraphExecKernelNodeSetParams(exec, one, &p));
  zeros.value = 2;
  OK(cuGraphExecMemsetNodeSetParams(exec, fill, &zeros, NULL));
  launch(exec);
  CHECK(host[0] == 2 * 10 * 2 - 5);
  OK(cuGraphKernelNodeGetParams(one, &q));
  CHECK(q.func == step && q.gridDimX == 2 && *(int *)q.kernelParams[2] == 3);
  OK(cuGraphNodeSetEnabled(exec, two, 0));
  launch(exec);
  CHECK(host[0] == 2 * 10);
  EXPECT(CUDA_ERROR_INVALID_VALUE,
         cuGraphExecKernelNodeSetParams(exec, fill, &p));

  /* the whole of it is updated from the graph */
  CUgraphExecUpdateResultInfo info;
  p = params_of(1, 1);
  OK(cuGraphKernelNodeSetParams(two, &p));
  OK(cuGraphNodeSetEnabled(exec, two, 1));
  OK(cuGraphExecUpdate(exec, graph, &info));
  CHECK(info.result == CU_GRAPH_EXEC_UPDATE_SUCCESS);
  launch(exec);
  CHECK(host[0] == 7 * 3 + 1 + 1);
  add_step(graph, copy, 1, 0);
  EXPECT(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE,
         cuGraphExecUpdate(exec, graph, &info));
  CHECK(info.result == CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);

  /* a clone is a graph of its own */
  CUgraph clone;
  CUgraphNode in_clone;
  CUgraphExec of_clone;
  OK(cuGraphClone(&clone, graph));
  OK(cuGraphNodeFindInClone(&in_clone, two, clone));
  CHECK(in_clone != two);
  OK(cuGraphDestroyNode(two));
  shape_of(graph, 5, 2, 3);
  shape_of(clone, 6, 1, 5);
  OK(cuGraphInstantiate(&of_clone, clone, 0));
  OK(cuGraphDestroy(clone));
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphDestroy(clone));
  launch(of_clone);
  CHECK(host[0] == 7 * 3 + 1 + 1);
  OK(cuGraphExecDestroy(of_clone));
  OK(cuGraphExecDestroy(exec));
  OK(cuGraphDestroy(graph));
  OK(cuMemFreeHost(host));
}

/* An edge that is missing is noticed: what may run in any order does. */
static void edges(void) {
  CUgraph graph;
  CUgraphExec exec;
  OK(cuGraphCreate(&graph, 0));
  CUgraphNode one = add_step(graph, NULL, 2, 0);
  CUgraphNode two = add_step(graph, NULL, 1, 1);
  OK(cuGraphInstantiate(&exec, graph, 0));
  set_data(5);
  launch(exec);
  expect_data(12); /* not (5 * 2) + 1 */
  OK(cuGraphExecDestroy(exec));
  OK(cuGraphAddDependencies(graph, &one, &two, NULL, 1));
  EXPECT(CUDA_ERROR_INVALID_VALUE,
         cuGraphAddDependencies(graph, &one, &two, NULL, 1));
  OK(cuGraphInstantiate(&exec, graph, 0));
  set_data(5);
  launch(exec);
  expect_data(11);
  OK(cuGraphExecDestroy(exec));
  OK(cuGraphAddDependencies(graph, &two, &one, NULL, 1));
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphInstantiate(&exec, graph, 0));
  OK(cuGraphRemoveDependencies(graph, &two, &one, NULL, 1));
  CUgraphNode list[4];
  size_t count = 4;
  OK(cuGraphNodeGetDependencies(two, list, NULL, &count));
  CHECK(count == 1 && list[0] == one);
  count = 4;
  OK(cuGraphNodeGetDependentNodes(one, list, NULL, &count));
  CHECK(count == 1 && list[0] == two);

  /* as a child of another graph */
  CUgraph parent, child;
  CUgraphNode before, node;
  OK(cuGraphCreate(&parent, 0));
  before = add_step(parent, NULL, 1, 100);
  OK(cuGraphAddChildGraphNode(&node, parent, &before, 1, graph));
  OK(cuGraphChildGraphNodeGetGraph(node, &child));
  shape_of(child, 2, 1, 1);
  OK(cuGraphInstantiate(&exec, parent, 0));
  set_data(1);
  launch(exec);
  expect_data(203);
  OK(cuGraphExecDestroy(exec));
  OK(cuGraphDestroy(parent));
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphDestroy(child));
  OK(cuGraphDestroy(graph));
}

static void add_hundred(void *count) { *(int *)count += 100; }

static void captured(void) {
  CUstream s, t;
  CUevent fork, join;
  CUgraph graph;
  CUgraphExec exec;
  CUstreamCaptureStatus status;
  CUdeviceptr other, none;
  int calls = 0;
  OK(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
  OK(cuStreamCreate(&t, CU_STREAM_NON_BLOCKING));
  OK(cuEventCreate(&fork, CU_EVENT_DISABLE_TIMING));
  OK(cuEventCreate(&join, CU_EVENT_DISABLE_TIMING));
  OK(cuMemAlloc(&other, sizeof(int) * N));
  set_data(1);
  OK(cuCtxSynchronize());
  OK(cuStreamBeginCapture(s, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
  OK(cuStreamIsCapturing(s, &status));
  CHECK(status == CU_STREAM_CAPTURE_STATUS_ACTIVE);
  launch_step(s, 3, 0);
  OK(cuEventRecord(fork, s));
  OK(cuStreamWaitEvent(t, fork, 0));
  OK(cuMemsetD32Async(other, 9, N, t));
  OK(cuEventRecord(join, t));
  launch_step(s, 1, 4);
  OK(cuStreamWaitEvent(s, join, 0));
  OK(cuMemcpyDtoDAsync(data, other, 4, s));
  OK(cuLaunchHostFunc(s, add_hundred, &calls));
  OK(cuStreamEndCapture(s, &graph));
  OK(cuStreamIsCapturing(t, &status));
  CHECK(status == CU_STREAM_CAPTURE_STATUS_NONE);
  shape_of(graph, 5, 1, 5);
  CHECK(calls == 0);
  expect_data(1); /* nothing has run */
  OK(cuGraphInstantiate(&exec, graph, 0));
  for (int i = 0; i < 2; ++i)
    OK(cuGraphLaunch(exec, s));
  OK(cuStreamSynchronize(s));
  CHECK(calls == 200);
  int out[2];
  OK(cuMemcpyDtoH(out, data, 8));
  CHECK(out[0] == 9 && out[1] == (1 * 3 + 4) * 3 + 4);
  OK(cuGraphExecDestroy(exec));
  OK(cuGraphDestroy(graph));

  /* what a capture does not allow */
  OK(cuStreamBeginCapture(s, CU_STREAM_CAPTURE_MODE_GLOBAL));
  EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuMemAlloc(&none, 4));
  EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(s, &graph));
  OK(cuStreamBeginCapture(s, CU_STREAM_CAPTURE_MODE_GLOBAL));
  EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamSynchronize(s));
  EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(s, &graph));
  OK(cuStreamBeginCapture(s, CU_STREAM_CAPTURE_MODE_RELAXED));
  launch_step(s, 1, 0);
  OK(cuEventRecord(fork, s));
  OK(cuStreamWaitEvent(t, fork, 0));
  launch_step(t, 1, 0);
  EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, cuStreamEndCapture(t, &graph));
  EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, cuStreamEndCapture(s, &graph));
  EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
         cuStreamBeginCapture(NULL, CU_STREAM_CAPTURE_MODE_GLOBAL));
  EXPECT(CUDA_ERROR_ILLEGAL_STATE, cuStreamEndCapture(s, &graph));
  OK(cuMemFree(other));
  OK(cuEventDestroy(fork));
  OK(cuEventDestroy(join));
  OK(cuStreamDestroy(s));
  OK(cuStreamDestroy(t));
}

/* Events in graphs, and time between them. */
static void events(void) {
  CUgraph graph;
  CUgraphExec exec;
  CUgraphNode begin_node, end_node, node;
  CUevent begin, end;
  float milliseconds = -1;
  OK(cuEventCreate(&begin, 0));
  OK(cuEventCreate(&end, 0));
  OK(cuGraphCreate(&graph, 0));
  OK(cuGraphAddEventRecordNode(&begin_node, graph, NULL, 0, begin));
  node = add_step(graph, begin_node, 1, 1);
  OK(cuGraphAddEventRecordNode(&end_node, graph, &node, 1, end));
  OK(cuGraphInstantiate(&exec, graph, 0));
  EXPECT(CUDA_ERROR_INVALID_HANDLE,
         cuEventElapsedTime(&milliseconds, begin, end));
  launch(exec);
  OK(cuEventElapsedTime(&milliseconds, begin, end));
  CHECK(milliseconds > 0 && milliseconds < 10000);
  OK(cuGraphExecDestroy(exec));
  OK(cuGraphDestroy(graph));
  OK(cuEventDestroy(begin));
  OK(cuEventDestroy(end));
}

int main(void) {
  start();
  CUmodule module = load("steps.ptx");
  step = kernel(module, "step");
  OK(cuMemAlloc(&data, sizeof(int) * N));
  built();
  edges();
  captured();
  events();
  OK(cuMemFree(data));
  OK(cuModuleUnload(module));
  printf("all well\n");
  return 0;
}

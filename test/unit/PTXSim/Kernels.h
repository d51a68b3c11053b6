//===- Kernels.h - PTX of small CUDA kernels -------------------*- C++ -*-===//
//
// Made by `nvcc -ptx -arch=sm_80` from the kernels in Kernels.cu.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_TEST_UNIT_PTXSIM_KERNELS_H
#define DLC_TEST_UNIT_PTXSIM_KERNELS_H

inline constexpr const char *samplesPTX = R"PTX(
.version 9.0
.target sm_80
.address_size 64

// _ZZ6reduceE1s has been demoted
// _ZZ4histE1s has been demoted
// _ZZ5sgemmE1a has been demoted
// _ZZ5sgemmE1b has been demoted
.const .align 4 .b8 cw[16] = {0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64};
.global .align 4 .u32 counter = 5;

.func  (.param .b32 func_retval0) _Z1ffi(
	.param .b32 _Z1ffi_param_0,
	.param .b32 _Z1ffi_param_1
)
{
	.reg .pred 	%p<6>;
	.reg .f32 	%f<21>;
	.reg .b32 	%r<11>;


	ld.param.f32 	%f8, [_Z1ffi_param_0];
	ld.param.u32 	%r7, [_Z1ffi_param_1];
	setp.lt.s32 	%p1, %r7, 1;
	mov.f32 	%f20, 0f3F800000;
	@%p1 bra 	$L__BB0_6;

	add.s32 	%r8, %r7, -1;
	and.b32  	%r10, %r7, 3;
	setp.lt.u32 	%p2, %r8, 3;
	mov.f32 	%f20, 0f3F800000;
	@%p2 bra 	$L__BB0_4;

	sub.s32 	%r9, %r7, %r10;
	mov.f32 	%f20, 0f3F800000;

$L__BB0_3:
	mul.f32 	%f13, %f20, %f8;
	mul.f32 	%f14, %f13, %f8;
	mul.f32 	%f15, %f14, %f8;
	mul.f32 	%f20, %f15, %f8;
	add.s32 	%r9, %r9, -4;
	setp.ne.s32 	%p3, %r9, 0;
	@%p3 bra 	$L__BB0_3;

$L__BB0_4:
	setp.eq.s32 	%p4, %r10, 0;
	@%p4 bra 	$L__BB0_6;

$L__BB0_5:
	.pragma "nounroll";
	mul.f32 	%f20, %f20, %f8;
	add.s32 	%r10, %r10, -1;
	setp.ne.s32 	%p5, %r10, 0;
	@%p5 bra 	$L__BB0_5;

$L__BB0_6:
	st.param.f32 	[func_retval0+0], %f20;
	ret;

}
	// .globl	saxpy
.visible .entry saxpy(
	.param .u32 saxpy_param_0,
	.param .f32 saxpy_param_1,
	.param .u64 saxpy_param_2,
	.param .u64 saxpy_param_3
)
{
	.reg .pred 	%p<2>;
	.reg .f32 	%f<5>;
	.reg .b32 	%r<6>;
	.reg .b64 	%rd<8>;


	ld.param.u32 	%r2, [saxpy_param_0];
	ld.param.f32 	%f1, [saxpy_param_1];
	ld.param.u64 	%rd1, [saxpy_param_2];
	ld.param.u64 	%rd2, [saxpy_param_3];
	mov.u32 	%r3, %ctaid.x;
	mov.u32 	%r4, %ntid.x;
	mov.u32 	%r5, %tid.x;
	mad.lo.s32 	%r1, %r3, %r4, %r5;
	setp.ge.s32 	%p1, %r1, %r2;
	@%p1 bra 	$L__BB1_2;

	cvta.to.global.u64 	%rd3, %rd2;
	cvta.to.global.u64 	%rd4, %rd1;
	mul.wide.s32 	%rd5, %r1, 4;
	add.s64 	%rd6, %rd4, %rd5;
	ld.global.f32 	%f2, [%rd6];
	add.s64 	%rd7, %rd3, %rd5;
	ld.global.f32 	%f3, [%rd7];
	fma.rn.f32 	%f4, %f2, %f1, %f3;
	st.global.f32 	[%rd7], %f4;

$L__BB1_2:
	ret;

}
	// .globl	reduce
.visible .entry reduce(
	.param .u64 reduce_param_0,
	.param .u64 reduce_param_1,
	.param .u32 reduce_param_2
)
{
	.reg .pred 	%p<12>;
	.reg .f32 	%f<34>;
	.reg .b32 	%r<14>;
	.reg .b64 	%rd<9>;
	// demoted variable
	.shared .align 4 .b8 _ZZ6reduceE1s[1024];

	ld.param.u64 	%rd2, [reduce_param_0];
	ld.param.u64 	%rd3, [reduce_param_1];
	ld.param.u32 	%r8, [reduce_param_2];
	mov.u32 	%r1, %ctaid.x;
	shl.b32 	%r9, %r1, 8;
	mov.u32 	%r2, %tid.x;
	add.s32 	%r13, %r9, %r2;
	setp.ge.s32 	%p1, %r13, %r8;
	mov.f32 	%f33, 0f00000000;
	@%p1 bra 	$L__BB2_3;

	mov.u32 	%r10, %nctaid.x;
	shl.b32 	%r4, %r10, 8;
	cvta.to.global.u64 	%rd1, %rd2;
	mov.f32 	%f33, 0f00000000;

$L__BB2_2:
	mul.wide.s32 	%rd4, %r13, 4;
	add.s64 	%rd5, %rd1, %rd4;
	ld.global.f32 	%f6, [%rd5];
	add.f32 	%f33, %f33, %f6;
	add.s32 	%r13, %r13, %r4;
	setp.lt.s32 	%p2, %r13, %r8;
	@%p2 bra 	$L__BB2_2;

$L__BB2_3:
	shl.b32 	%r11, %r2, 2;
	mov.u32 	%r12, _ZZ6reduceE1s;
	add.s32 	%r7, %r12, %r11;
	st.shared.f32 	[%r7], %f33;
	bar.sync 	0;
	setp.gt.u32 	%p3, %r2, 127;
	@%p3 bra 	$L__BB2_5;

	ld.shared.f32 	%f7, [%r7];
	ld.shared.f32 	%f8, [%r7+512];
	add.f32 	%f9, %f8, %f7;
	st.shared.f32 	[%r7], %f9;

$L__BB2_5:
	bar.sync 	0;
	setp.gt.u32 	%p4, %r2, 63;
	@%p4 bra 	$L__BB2_7;

	ld.shared.f32 	%f10, [%r7];
	ld.shared.f32 	%f11, [%r7+256];
	add.f32 	%f12, %f11, %f10;
	st.shared.f32 	[%r7], %f12;

$L__BB2_7:
	bar.sync 	0;
	setp.gt.u32 	%p5, %r2, 31;
	@%p5 bra 	$L__BB2_9;

	ld.shared.f32 	%f13, [%r7];
	ld.shared.f32 	%f14, [%r7+128];
	add.f32 	%f15, %f14, %f13;
	st.shared.f32 	[%r7], %f15;

$L__BB2_9:
	bar.sync 	0;
	setp.gt.u32 	%p6, %r2, 15;
	@%p6 bra 	$L__BB2_11;

	ld.shared.f32 	%f16, [%r7];
	ld.shared.f32 	%f17, [%r7+64];
	add.f32 	%f18, %f17, %f16;
	st.shared.f32 	[%r7], %f18;

$L__BB2_11:
	bar.sync 	0;
	setp.gt.u32 	%p7, %r2, 7;
	@%p7 bra 	$L__BB2_13;

	ld.shared.f32 	%f19, [%r7];
	ld.shared.f32 	%f20, [%r7+32];
	add.f32 	%f21, %f20, %f19;
	st.shared.f32 	[%r7], %f21;

$L__BB2_13:
	bar.sync 	0;
	setp.gt.u32 	%p8, %r2, 3;
	@%p8 bra 	$L__BB2_15;

	ld.shared.f32 	%f22, [%r7];
	ld.shared.f32 	%f23, [%r7+16];
	add.f32 	%f24, %f23, %f22;
	st.shared.f32 	[%r7], %f24;

$L__BB2_15:
	bar.sync 	0;
	setp.gt.u32 	%p9, %r2, 1;
	@%p9 bra 	$L__BB2_17;

	ld.shared.f32 	%f25, [%r7];
	ld.shared.f32 	%f26, [%r7+8];
	add.f32 	%f27, %f26, %f25;
	st.shared.f32 	[%r7], %f27;

$L__BB2_17:
	bar.sync 	0;
	setp.ne.s32 	%p10, %r2, 0;
	@%p10 bra 	$L__BB2_19;

	ld.shared.f32 	%f28, [_ZZ6reduceE1s+4];
	ld.shared.f32 	%f29, [%r7];
	add.f32 	%f30, %f28, %f29;
	st.shared.f32 	[%r7], %f30;

$L__BB2_19:
	bar.sync 	0;
	@%p10 bra 	$L__BB2_21;

	ld.shared.f32 	%f31, [_ZZ6reduceE1s];
	cvta.to.global.u64 	%rd6, %rd3;
	mul.wide.u32 	%rd7, %r1, 4;
	add.s64 	%rd8, %rd6, %rd7;
	st.global.f32 	[%rd8], %f31;

$L__BB2_21:
	ret;

}
	// .globl	wsum
.visible .entry wsum(
	.param .u64 wsum_param_0,
	.param .u64 wsum_param_1
)
{
	.reg .pred 	%p<7>;
	.reg .f32 	%f<12>;
	.reg .b32 	%r<22>;
	.reg .b64 	%rd<9>;


	ld.param.u64 	%rd2, [wsum_param_0];
	ld.param.u64 	%rd1, [wsum_param_1];
	cvta.to.global.u64 	%rd3, %rd2;
	mov.u32 	%r1, %ctaid.x;
	shl.b32 	%r2, %r1, 5;
	mov.u32 	%r3, %tid.x;
	add.s32 	%r4, %r2, %r3;
	mul.wide.u32 	%rd4, %r4, 4;
	add.s64 	%rd5, %rd3, %rd4;
	ld.global.f32 	%f2, [%rd5];
	mov.b32 	%r5, %f2;
	mov.u32 	%r6, 31;
	mov.u32 	%r7, 16;
	mov.u32 	%r8, -1;
	shfl.sync.bfly.b32 	%r9|%p1, %r5, %r7, %r6, %r8;
	mov.b32 	%f3, %r9;
	add.f32 	%f4, %f2, %f3;
	mov.b32 	%r10, %f4;
	mov.u32 	%r11, 8;
	shfl.sync.bfly.b32 	%r12|%p2, %r10, %r11, %r6, %r8;
	mov.b32 	%f5, %r12;
	add.f32 	%f6, %f4, %f5;
	mov.b32 	%r13, %f6;
	mov.u32 	%r14, 4;
	shfl.sync.bfly.b32 	%r15|%p3, %r13, %r14, %r6, %r8;
	mov.b32 	%f7, %r15;
	add.f32 	%f8, %f6, %f7;
	mov.b32 	%r16, %f8;
	mov.u32 	%r17, 2;
	shfl.sync.bfly.b32 	%r18|%p4, %r16, %r17, %r6, %r8;
	mov.b32 	%f9, %r18;
	add.f32 	%f10, %f8, %f9;
	mov.b32 	%r19, %f10;
	mov.u32 	%r20, 1;
	shfl.sync.bfly.b32 	%r21|%p5, %r19, %r20, %r6, %r8;
	mov.b32 	%f11, %r21;
	add.f32 	%f1, %f10, %f11;
	setp.ne.s32 	%p6, %r3, 0;
	@%p6 bra 	$L__BB3_2;

	cvta.to.global.u64 	%rd6, %rd1;
	mul.wide.u32 	%rd7, %r1, 4;
	add.s64 	%rd8, %rd6, %rd7;
	st.global.f32 	[%rd8], %f1;

$L__BB3_2:
	ret;

}
	// .globl	hist
.visible .entry hist(
	.param .u64 hist_param_0,
	.param .u32 hist_param_1,
	.param .u64 hist_param_2
)
{
	.reg .pred 	%p<3>;
	.reg .b16 	%rs<2>;
	.reg .b32 	%r<21>;
	.reg .b64 	%rd<9>;
	// demoted variable
	.shared .align 4 .b8 _ZZ4histE1s[1024];

	ld.param.u64 	%rd2, [hist_param_0];
	ld.param.u32 	%r8, [hist_param_1];
	ld.param.u64 	%rd3, [hist_param_2];
	mov.u32 	%r1, %tid.x;
	shl.b32 	%r9, %r1, 2;
	mov.u32 	%r10, _ZZ4histE1s;
	add.s32 	%r2, %r10, %r9;
	mov.u32 	%r11, 0;
	st.shared.u32 	[%r2], %r11;
	bar.sync 	0;
	mov.u32 	%r3, %ntid.x;
	mov.u32 	%r12, %ctaid.x;
	mad.lo.s32 	%r20, %r12, %r3, %r1;
	setp.ge.s32 	%p1, %r20, %r8;
	@%p1 bra 	$L__BB4_3;

	mov.u32 	%r13, %nctaid.x;
	mul.lo.s32 	%r5, %r3, %r13;
	cvta.to.global.u64 	%rd1, %rd2;

$L__BB4_2:
	cvt.s64.s32 	%rd4, %r20;
	add.s64 	%rd5, %rd1, %rd4;
	ld.global.u8 	%rs1, [%rd5];
	mul.wide.u16 	%r14, %rs1, 4;
	add.s32 	%r16, %r10, %r14;
	atom.shared.add.u32 	%r17, [%r16], 1;
	add.s32 	%r20, %r20, %r5;
	setp.lt.s32 	%p2, %r20, %r8;
	@%p2 bra 	$L__BB4_2;

$L__BB4_3:
	bar.sync 	0;
	cvta.to.global.u64 	%rd6, %rd3;
	mul.wide.u32 	%rd7, %r1, 4;
	add.s64 	%rd8, %rd6, %rd7;
	ld.shared.u32 	%r18, [%r2];
	atom.global.add.u32 	%r19, [%rd8], %r18;
	ret;

}
	// .globl	collatz
.visible .entry collatz(
	.param .u64 collatz_param_0,
	.param .u64 collatz_param_1,
	.param .u32 collatz_param_2
)
{
	.reg .pred 	%p<5>;
	.reg .b32 	%r<20>;
	.reg .b64 	%rd<10>;


	ld.param.u64 	%rd2, [collatz_param_0];
	ld.param.u64 	%rd3, [collatz_param_1];
	ld.param.u32 	%r8, [collatz_param_2];
	mov.u32 	%r9, %ntid.x;
	mov.u32 	%r10, %ctaid.x;
	mov.u32 	%r11, %tid.x;
	mad.lo.s32 	%r1, %r10, %r9, %r11;
	setp.ge.s32 	%p1, %r1, %r8;
	@%p1 bra 	$L__BB5_5;

	cvta.to.global.u64 	%rd4, %rd2;
	cvt.s64.s32 	%rd1, %r1;
	mul.wide.s32 	%rd5, %r1, 4;
	add.s64 	%rd6, %rd4, %rd5;
	ld.global.u32 	%r18, [%rd6];
	setp.eq.s32 	%p2, %r18, 1;
	mov.u32 	%r19, 0;
	@%p2 bra 	$L__BB5_4;

	mov.u32 	%r19, 0;

$L__BB5_3:
	and.b32  	%r14, %r18, 1;
	setp.eq.b32 	%p3, %r14, 1;
	mad.lo.s32 	%r15, %r18, 3, 1;
	shr.u32 	%r16, %r18, 1;
	selp.b32 	%r18, %r15, %r16, %p3;
	add.s32 	%r19, %r19, 1;
	setp.ne.s32 	%p4, %r18, 1;
	@%p4 bra 	$L__BB5_3;

$L__BB5_4:
	cvta.to.global.u64 	%rd7, %rd3;
	shl.b64 	%rd8, %rd1, 2;
	add.s64 	%rd9, %rd7, %rd8;
	st.global.u32 	[%rd9], %r19;

$L__BB5_5:
	ret;

}
	// .globl	sgemm
.visible .entry sgemm(
	.param .u64 sgemm_param_0,
	.param .u64 sgemm_param_1,
	.param .u64 sgemm_param_2,
	.param .u32 sgemm_param_3
)
{
	.reg .pred 	%p<4>;
	.reg .f32 	%f<185>;
	.reg .b32 	%r<70>;
	.reg .b64 	%rd<55>;
	// demoted variable
	.shared .align 4 .b8 _ZZ5sgemmE1a[4352];
	// demoted variable
	.shared .align 4 .b8 _ZZ5sgemmE1b[4160];

	ld.param.u64 	%rd3, [sgemm_param_0];
	ld.param.u64 	%rd4, [sgemm_param_1];
	ld.param.u64 	%rd5, [sgemm_param_2];
	ld.param.u32 	%r17, [sgemm_param_3];
	mov.u32 	%r18, %tid.x;
	and.b32  	%r1, %r18, 15;
	shr.u32 	%r2, %r18, 4;
	setp.gt.s32 	%p1, %r17, 0;
	@%p1 bra 	$L__BB6_2;
	bra.uni 	$L__BB6_1;

$L__BB6_2:
	cvta.to.global.u64 	%rd1, %rd4;
	cvta.to.global.u64 	%rd2, %rd3;
	mov.u32 	%r20, %ctaid.y;
	shl.b32 	%r21, %r20, 6;
	add.s32 	%r22, %r21, %r2;
	mov.u32 	%r23, %ctaid.x;
	shl.b32 	%r24, %r23, 6;
	or.b32  	%r3, %r1, %r24;
	mul.lo.s32 	%r4, %r22, %r17;
	mov.u32 	%r25, _ZZ5sgemmE1a;
	mad.lo.s32 	%r26, %r2, 68, %r25;
	shl.b32 	%r27, %r1, 2;
	add.s32 	%r5, %r26, %r27;
	mov.u32 	%r28, _ZZ5sgemmE1b;
	mad.lo.s32 	%r29, %r2, 260, %r28;
	add.s32 	%r6, %r29, %r27;
	shl.b32 	%r7, %r17, 4;
	add.s32 	%r8, %r28, %r27;
	add.s32 	%r9, %r26, 2176;
	mov.u32 	%r67, 0;
	mov.f32 	%f153, 0f00000000;
	mov.f32 	%f154, %f153;
	mov.f32 	%f155, %f153;
	mov.f32 	%f156, %f153;
	mov.f32 	%f157, %f153;
	mov.f32 	%f158, %f153;
	mov.f32 	%f159, %f153;
	mov.f32 	%f160, %f153;
	mov.f32 	%f161, %f153;
	mov.f32 	%f162, %f153;
	mov.f32 	%f163, %f153;
	mov.f32 	%f164, %f153;
	mov.f32 	%f165, %f153;
	mov.f32 	%f166, %f153;
	mov.f32 	%f167, %f153;
	mov.f32 	%f168, %f153;

$L__BB6_3:
	add.s32 	%r31, %r67, %r2;
	mad.lo.s32 	%r32, %r31, %r17, %r3;
	add.s32 	%r33, %r67, %r1;
	add.s32 	%r34, %r33, %r4;
	mul.wide.u32 	%rd6, %r34, 4;
	add.s64 	%rd7, %rd2, %rd6;
	ld.global.f32 	%f97, [%rd7];
	st.shared.f32 	[%r5], %f97;
	mul.wide.u32 	%rd8, %r32, 4;
	add.s64 	%rd9, %rd1, %rd8;
	ld.global.f32 	%f98, [%rd9];
	st.shared.f32 	[%r6], %f98;
	add.s32 	%r35, %r34, %r7;
	mul.wide.u32 	%rd10, %r35, 4;
	add.s64 	%rd11, %rd2, %rd10;
	ld.global.f32 	%f99, [%rd11];
	st.shared.f32 	[%r5+1088], %f99;
	add.s32 	%r36, %r32, 16;
	mul.wide.u32 	%rd12, %r36, 4;
	add.s64 	%rd13, %rd1, %rd12;
	ld.global.f32 	%f100, [%rd13];
	st.shared.f32 	[%r6+64], %f100;
	add.s32 	%r37, %r35, %r7;
	mul.wide.u32 	%rd14, %r37, 4;
	add.s64 	%rd15, %rd2, %rd14;
	ld.global.f32 	%f101, [%rd15];
	st.shared.f32 	[%r5+2176], %f101;
	add.s32 	%r38, %r32, 32;
	mul.wide.u32 	%rd16, %r38, 4;
	add.s64 	%rd17, %rd1, %rd16;
	ld.global.f32 	%f102, [%rd17];
	st.shared.f32 	[%r6+128], %f102;
	add.s32 	%r39, %r37, %r7;
	mul.wide.u32 	%rd18, %r39, 4;
	add.s64 	%rd19, %rd2, %rd18;
	ld.global.f32 	%f103, [%rd19];
	st.shared.f32 	[%r5+3264], %f103;
	add.s32 	%r40, %r32, 48;
	mul.wide.u32 	%rd20, %r40, 4;
	add.s64 	%rd21, %rd1, %rd20;
	ld.global.f32 	%f104, [%rd21];
	st.shared.f32 	[%r6+192], %f104;
	bar.sync 	0;
	mov.u32 	%r69, 260;
	mov.u32 	%r68, %r9;

$L__BB6_4:
	add.s32 	%r41, %r8, %r69;
	ld.shared.f32 	%f105, [%r41+-260];
	ld.shared.f32 	%f106, [%r68+-2176];
	fma.rn.f32 	%f107, %f106, %f105, %f168;
	ld.shared.f32 	%f108, [%r41+-196];
	fma.rn.f32 	%f109, %f106, %f108, %f167;
	ld.shared.f32 	%f110, [%r41+-132];
	fma.rn.f32 	%f111, %f106, %f110, %f166;
	ld.shared.f32 	%f112, [%r41+-68];
	fma.rn.f32 	%f113, %f106, %f112, %f165;
	ld.shared.f32 	%f114, [%r68+-1088];
	fma.rn.f32 	%f115, %f114, %f105, %f164;
	fma.rn.f32 	%f116, %f114, %f108, %f163;
	fma.rn.f32 	%f117, %f114, %f110, %f162;
	fma.rn.f32 	%f118, %f114, %f112, %f161;
	ld.shared.f32 	%f119, [%r68];
	fma.rn.f32 	%f120, %f119, %f105, %f160;
	fma.rn.f32 	%f121, %f119, %f108, %f159;
	fma.rn.f32 	%f122, %f119, %f110, %f158;
	fma.rn.f32 	%f123, %f119, %f112, %f157;
	ld.shared.f32 	%f124, [%r68+1088];
	fma.rn.f32 	%f125, %f124, %f105, %f156;
	fma.rn.f32 	%f126, %f124, %f108, %f155;
	fma.rn.f32 	%f127, %f124, %f110, %f154;
	fma.rn.f32 	%f128, %f124, %f112, %f153;
	ld.shared.f32 	%f129, [%r41];
	ld.shared.f32 	%f130, [%r68+-2172];
	fma.rn.f32 	%f168, %f130, %f129, %f107;
	ld.shared.f32 	%f131, [%r41+64];
	fma.rn.f32 	%f167, %f130, %f131, %f109;
	ld.shared.f32 	%f132, [%r41+128];
	fma.rn.f32 	%f166, %f130, %f132, %f111;
	ld.shared.f32 	%f133, [%r41+192];
	fma.rn.f32 	%f165, %f130, %f133, %f113;
	ld.shared.f32 	%f134, [%r68+-1084];
	fma.rn.f32 	%f164, %f134, %f129, %f115;
	fma.rn.f32 	%f163, %f134, %f131, %f116;
	fma.rn.f32 	%f162, %f134, %f132, %f117;
	fma.rn.f32 	%f161, %f134, %f133, %f118;
	ld.shared.f32 	%f135, [%r68+4];
	fma.rn.f32 	%f160, %f135, %f129, %f120;
	fma.rn.f32 	%f159, %f135, %f131, %f121;
	fma.rn.f32 	%f158, %f135, %f132, %f122;
	fma.rn.f32 	%f157, %f135, %f133, %f123;
	ld.shared.f32 	%f136, [%r68+1092];
	fma.rn.f32 	%f156, %f136, %f129, %f125;
	fma.rn.f32 	%f155, %f136, %f131, %f126;
	fma.rn.f32 	%f154, %f136, %f132, %f127;
	fma.rn.f32 	%f153, %f136, %f133, %f128;
	add.s32 	%r68, %r68, 8;
	add.s32 	%r69, %r69, 520;
	setp.ne.s32 	%p2, %r69, 4420;
	@%p2 bra 	$L__BB6_4;

	bar.sync 	0;
	add.s32 	%r67, %r67, 16;
	setp.lt.s32 	%p3, %r67, %r17;
	@%p3 bra 	$L__BB6_3;
	bra.uni 	$L__BB6_6;

$L__BB6_1:
	mov.f32 	%f153, 0f00000000;
	mov.f32 	%f154, %f153;
	mov.f32 	%f155, %f153;
	mov.f32 	%f156, %f153;
	mov.f32 	%f157, %f153;
	mov.f32 	%f158, %f153;
	mov.f32 	%f159, %f153;
	mov.f32 	%f160, %f153;
	mov.f32 	%f161, %f153;
	mov.f32 	%f162, %f153;
	mov.f32 	%f163, %f153;
	mov.f32 	%f164, %f153;
	mov.f32 	%f165, %f153;
	mov.f32 	%f166, %f153;
	mov.f32 	%f167, %f153;
	mov.f32 	%f168, %f153;

$L__BB6_6:
	cvta.to.global.u64 	%rd22, %rd5;
	mov.u32 	%r42, %ctaid.x;
	shl.b32 	%r43, %r42, 6;
	or.b32  	%r44, %r1, %r43;
	mov.u32 	%r45, %ctaid.y;
	shl.b32 	%r46, %r45, 6;
	add.s32 	%r47, %r46, %r2;
	add.s32 	%r48, %r47, 16;
	add.s32 	%r49, %r47, 32;
	add.s32 	%r50, %r47, 48;
	mad.lo.s32 	%r51, %r47, %r17, %r44;
	mul.wide.u32 	%rd23, %r51, 4;
	add.s64 	%rd24, %rd22, %rd23;
	st.global.f32 	[%rd24], %f168;
	add.s32 	%r52, %r51, 16;
	mul.wide.u32 	%rd25, %r52, 4;
	add.s64 	%rd26, %rd22, %rd25;
	st.global.f32 	[%rd26], %f167;
	add.s32 	%r53, %r51, 32;
	mul.wide.u32 	%rd27, %r53, 4;
	add.s64 	%rd28, %rd22, %rd27;
	st.global.f32 	[%rd28], %f166;
	add.s32 	%r54, %r51, 48;
	mul.wide.u32 	%rd29, %r54, 4;
	add.s64 	%rd30, %rd22, %rd29;
	st.global.f32 	[%rd30], %f165;
	mad.lo.s32 	%r55, %r48, %r17, %r44;
	mul.wide.u32 	%rd31, %r55, 4;
	add.s64 	%rd32, %rd22, %rd31;
	st.global.f32 	[%rd32], %f164;
	add.s32 	%r56, %r55, 16;
	mul.wide.u32 	%rd33, %r56, 4;
	add.s64 	%rd34, %rd22, %rd33;
	st.global.f32 	[%rd34], %f163;
	add.s32 	%r57, %r55, 32;
	mul.wide.u32 	%rd35, %r57, 4;
	add.s64 	%rd36, %rd22, %rd35;
	st.global.f32 	[%rd36], %f162;
	add.s32 	%r58, %r55, 48;
	mul.wide.u32 	%rd37, %r58, 4;
	add.s64 	%rd38, %rd22, %rd37;
	st.global.f32 	[%rd38], %f161;
	mad.lo.s32 	%r59, %r49, %r17, %r44;
	mul.wide.u32 	%rd39, %r59, 4;
	add.s64 	%rd40, %rd22, %rd39;
	st.global.f32 	[%rd40], %f160;
	add.s32 	%r60, %r59, 16;
	mul.wide.u32 	%rd41, %r60, 4;
	add.s64 	%rd42, %rd22, %rd41;
	st.global.f32 	[%rd42], %f159;
	add.s32 	%r61, %r59, 32;
	mul.wide.u32 	%rd43, %r61, 4;
	add.s64 	%rd44, %rd22, %rd43;
	st.global.f32 	[%rd44], %f158;
	add.s32 	%r62, %r59, 48;
	mul.wide.u32 	%rd45, %r62, 4;
	add.s64 	%rd46, %rd22, %rd45;
	st.global.f32 	[%rd46], %f157;
	mad.lo.s32 	%r63, %r50, %r17, %r44;
	mul.wide.u32 	%rd47, %r63, 4;
	add.s64 	%rd48, %rd22, %rd47;
	st.global.f32 	[%rd48], %f156;
	add.s32 	%r64, %r63, 16;
	mul.wide.u32 	%rd49, %r64, 4;
	add.s64 	%rd50, %rd22, %rd49;
	st.global.f32 	[%rd50], %f155;
	add.s32 	%r65, %r63, 32;
	mul.wide.u32 	%rd51, %r65, 4;
	add.s64 	%rd52, %rd22, %rd51;
	st.global.f32 	[%rd52], %f154;
	add.s32 	%r66, %r63, 48;
	mul.wide.u32 	%rd53, %r66, 4;
	add.s64 	%rd54, %rd22, %rd53;
	st.global.f32 	[%rd54], %f153;
	ret;

}
	// .globl	calls
.visible .entry calls(
	.param .u64 calls_param_0,
	.param .u32 calls_param_1
)
{
	.reg .f32 	%f<3>;
	.reg .b32 	%r<5>;
	.reg .b64 	%rd<7>;


	ld.param.u64 	%rd1, [calls_param_0];
	cvta.to.global.u64 	%rd2, %rd1;
	mov.u32 	%r1, %tid.x;
	mul.wide.u32 	%rd3, %r1, 4;
	add.s64 	%rd4, %rd2, %rd3;
	ld.global.f32 	%f1, [%rd4];
	mul.wide.u32 	%rd5, %r1, -858993459;
	shr.u64 	%rd6, %rd5, 34;
	cvt.u32.u64 	%r2, %rd6;
	mul.lo.s32 	%r3, %r2, 5;
	sub.s32 	%r4, %r1, %r3;
	{ // callseq 0, 0
	.reg .b32 temp_param_reg;
	.param .b32 param0;
	st.param.f32 	[param0+0], %f1;
	.param .b32 param1;
	st.param.b32 	[param1+0], %r4;
	.param .b32 retval0;
	call.uni (retval0), 
	_Z1ffi, 
	(
	param0, 
	param1
	);
	ld.param.f32 	%f2, [retval0+0];
	} // callseq 0
	st.global.f32 	[%rd4], %f2;
	ret;

}
	// .globl	localarr
.visible .entry localarr(
	.param .u64 localarr_param_0,
	.param .u64 localarr_param_1,
	.param .u32 localarr_param_2
)
{
	.local .align 16 .b8 	__local_depot8[64];
	.reg .b64 	%SP;
	.reg .b64 	%SPL;
	.reg .pred 	%p<6>;
	.reg .b32 	%r<91>;
	.reg .b64 	%rd<50>;


	mov.u64 	%SPL, __local_depot8;
	ld.param.u64 	%rd10, [localarr_param_0];
	ld.param.u64 	%rd9, [localarr_param_1];
	ld.param.u32 	%r17, [localarr_param_2];
	cvta.to.global.u64 	%rd1, %rd10;
	add.u64 	%rd2, %SPL, 0;
	mov.u32 	%r19, %tid.x;
	cvt.u64.u32 	%rd3, %r19;
	mul.wide.u32 	%rd12, %r19, 4;
	add.s64 	%rd13, %rd1, %rd12;
	mov.u32 	%r90, 0;
	ld.global.u32 	%r20, [%rd13+384];
	ld.global.u32 	%r21, [%rd13+256];
	ld.global.u32 	%r22, [%rd13+128];
	ld.global.u32 	%r23, [%rd13];
	st.local.v4.u32 	[%rd2], {%r23, %r22, %r21, %r20};
	ld.global.u32 	%r24, [%rd13+896];
	ld.global.u32 	%r25, [%rd13+768];
	ld.global.u32 	%r26, [%rd13+640];
	ld.global.u32 	%r27, [%rd13+512];
	st.local.v4.u32 	[%rd2+16], {%r27, %r26, %r25, %r24};
	ld.global.u32 	%r28, [%rd13+1408];
	ld.global.u32 	%r29, [%rd13+1280];
	ld.global.u32 	%r30, [%rd13+1152];
	ld.global.u32 	%r31, [%rd13+1024];
	st.local.v4.u32 	[%rd2+32], {%r31, %r30, %r29, %r28};
	ld.global.u32 	%r32, [%rd13+1920];
	ld.global.u32 	%r33, [%rd13+1792];
	ld.global.u32 	%r34, [%rd13+1664];
	ld.global.u32 	%r35, [%rd13+1536];
	st.local.v4.u32 	[%rd2+48], {%r35, %r34, %r33, %r32};
	setp.lt.s32 	%p1, %r17, 1;
	@%p1 bra 	$L__BB8_7;

	add.s32 	%r39, %r17, -1;
	and.b32  	%r89, %r17, 3;
	setp.lt.u32 	%p2, %r39, 3;
	mov.u32 	%r86, 0;
	mov.u32 	%r90, %r86;
	@%p2 bra 	$L__BB8_4;

	sub.s32 	%r84, %r17, %r89;
	mov.u32 	%r86, 0;
	mov.u64 	%rd48, %rd1;

$L__BB8_3:
	ld.global.u32 	%r42, [%rd48];
	shl.b32 	%r43, %r42, 2;
	cvt.u64.u32 	%rd14, %r43;
	and.b64  	%rd15, %rd14, 60;
	add.s64 	%rd16, %rd2, %rd15;
	ld.local.u32 	%r44, [%rd16];
	add.s32 	%r45, %r44, %r90;
	st.local.u32 	[%rd16], %r45;
	cvt.u32.u64 	%r46, %rd3;
	add.s32 	%r47, %r42, %r46;
	shl.b32 	%r48, %r47, 2;
	cvt.u64.u32 	%rd17, %r48;
	and.b64  	%rd18, %rd17, 60;
	add.s64 	%rd19, %rd2, %rd18;
	ld.local.u32 	%r49, [%rd19];
	add.s32 	%r50, %r49, %r90;
	ld.global.u32 	%r51, [%rd48+4];
	shl.b32 	%r52, %r51, 2;
	cvt.u64.u32 	%rd20, %r52;
	and.b64  	%rd21, %rd20, 60;
	add.s64 	%rd22, %rd2, %rd21;
	ld.local.u32 	%r53, [%rd22];
	add.s32 	%r54, %r53, %r50;
	st.local.u32 	[%rd22], %r54;
	add.s32 	%r55, %r51, %r46;
	shl.b32 	%r56, %r55, 2;
	cvt.u64.u32 	%rd23, %r56;
	and.b64  	%rd24, %rd23, 60;
	add.s64 	%rd25, %rd2, %rd24;
	ld.local.u32 	%r57, [%rd25];
	add.s32 	%r58, %r57, %r50;
	ld.global.u32 	%r59, [%rd48+8];
	shl.b32 	%r60, %r59, 2;
	cvt.u64.u32 	%rd26, %r60;
	and.b64  	%rd27, %rd26, 60;
	add.s64 	%rd28, %rd2, %rd27;
	ld.local.u32 	%r61, [%rd28];
	add.s32 	%r62, %r61, %r58;
	st.local.u32 	[%rd28], %r62;
	add.s32 	%r63, %r59, %r46;
	shl.b32 	%r64, %r63, 2;
	cvt.u64.u32 	%rd29, %r64;
	and.b64  	%rd30, %rd29, 60;
	add.s64 	%rd31, %rd2, %rd30;
	ld.local.u32 	%r65, [%rd31];
	add.s32 	%r66, %r65, %r58;
	ld.global.u32 	%r67, [%rd48+12];
	shl.b32 	%r68, %r67, 2;
	cvt.u64.u32 	%rd32, %r68;
	and.b64  	%rd33, %rd32, 60;
	add.s64 	%rd34, %rd2, %rd33;
	ld.local.u32 	%r69, [%rd34];
	add.s32 	%r70, %r69, %r66;
	st.local.u32 	[%rd34], %r70;
	add.s32 	%r71, %r67, %r46;
	shl.b32 	%r72, %r71, 2;
	cvt.u64.u32 	%rd35, %r72;
	and.b64  	%rd36, %rd35, 60;
	add.s64 	%rd37, %rd2, %rd36;
	ld.local.u32 	%r73, [%rd37];
	add.s32 	%r90, %r73, %r66;
	add.s32 	%r86, %r86, 4;
	add.s64 	%rd48, %rd48, 16;
	add.s32 	%r84, %r84, -4;
	setp.ne.s32 	%p3, %r84, 0;
	@%p3 bra 	$L__BB8_3;

$L__BB8_4:
	setp.eq.s32 	%p4, %r89, 0;
	@%p4 bra 	$L__BB8_7;

	mul.wide.s32 	%rd38, %r86, 4;
	add.s64 	%rd49, %rd1, %rd38;
	cvt.u32.u64 	%r78, %rd3;

$L__BB8_6:
	.pragma "nounroll";
	ld.global.u32 	%r74, [%rd49];
	shl.b32 	%r75, %r74, 2;
	cvt.u64.u32 	%rd39, %r75;
	and.b64  	%rd40, %rd39, 60;
	add.s64 	%rd41, %rd2, %rd40;
	ld.local.u32 	%r76, [%rd41];
	add.s32 	%r77, %r76, %r90;
	st.local.u32 	[%rd41], %r77;
	add.s32 	%r79, %r74, %r78;
	shl.b32 	%r80, %r79, 2;
	cvt.u64.u32 	%rd42, %r80;
	and.b64  	%rd43, %rd42, 60;
	add.s64 	%rd44, %rd2, %rd43;
	ld.local.u32 	%r81, [%rd44];
	add.s32 	%r90, %r81, %r90;
	add.s64 	%rd49, %rd49, 4;
	add.s32 	%r89, %r89, -1;
	setp.ne.s32 	%p5, %r89, 0;
	@%p5 bra 	$L__BB8_6;

$L__BB8_7:
	cvta.to.global.u64 	%rd45, %rd9;
	shl.b64 	%rd46, %rd3, 2;
	add.s64 	%rd47, %rd45, %rd46;
	st.global.u32 	[%rd47], %r90;
	ret;

}
	// .globl	globals
.visible .entry globals(
	.param .u64 globals_param_0
)
{
	.reg .pred 	%p<2>;
	.reg .f32 	%f<2>;
	.reg .b32 	%r<5>;
	.reg .b64 	%rd<9>;


	ld.param.u64 	%rd1, [globals_param_0];
	cvta.to.global.u64 	%rd2, %rd1;
	mov.u32 	%r1, %tid.x;
	shl.b32 	%r2, %r1, 2;
	cvt.u64.u32 	%rd3, %r2;
	and.b64  	%rd4, %rd3, 12;
	mov.u64 	%rd5, cw;
	add.s64 	%rd6, %rd5, %rd4;
	ld.const.f32 	%f1, [%rd6];
	mul.wide.u32 	%rd7, %r1, 4;
	add.s64 	%rd8, %rd2, %rd7;
	st.global.f32 	[%rd8], %f1;
	setp.ne.s32 	%p1, %r1, 0;
	@%p1 bra 	$L__BB9_2;

	ld.global.u32 	%r3, [counter];
	add.s32 	%r4, %r3, 1;
	st.global.u32 	[counter], %r4;

$L__BB9_2:
	ret;

}
	// .globl	sw
.visible .entry sw(
	.param .u64 sw_param_0,
	.param .u64 sw_param_1
)
{
	.reg .pred 	%p<12>;
	.reg .f32 	%f<3>;
	.reg .b32 	%r<16>;
	.reg .b64 	%rd<10>;


	ld.param.u64 	%rd3, [sw_param_0];
	ld.param.u64 	%rd4, [sw_param_1];
	cvta.to.global.u64 	%rd1, %rd4;
	mov.u32 	%r8, %tid.x;
	cvt.u64.u32 	%rd2, %r8;
	cvta.to.global.u64 	%rd5, %rd3;
	mul.wide.u32 	%rd6, %r8, 4;
	add.s64 	%rd7, %rd5, %rd6;
	ld.global.u32 	%r1, [%rd7];
	mov.u32 	%r15, 7;
	setp.gt.s32 	%p1, %r1, 3;
	@%p1 bra 	$L__BB10_8;

	setp.gt.s32 	%p7, %r1, 1;
	@%p7 bra 	$L__BB10_5;

	setp.eq.s32 	%p10, %r1, 0;
	@%p10 bra 	$L__BB10_19;

	setp.eq.s32 	%p11, %r1, 1;
	@%p11 bra 	$L__BB10_4;
	bra.uni 	$L__BB10_18;

$L__BB10_4:
	ld.global.u32 	%r15, [%rd1+12];
	bra.uni 	$L__BB10_19;

$L__BB10_8:
	setp.gt.s32 	%p2, %r1, 5;
	@%p2 bra 	$L__BB10_12;

	setp.eq.s32 	%p5, %r1, 4;
	@%p5 bra 	$L__BB10_16;

	setp.eq.s32 	%p6, %r1, 5;
	@%p6 bra 	$L__BB10_11;
	bra.uni 	$L__BB10_18;

$L__BB10_11:
	mov.u32 	%r15, 100;
	bra.uni 	$L__BB10_19;

$L__BB10_5:
	setp.eq.s32 	%p8, %r1, 2;
	@%p8 bra 	$L__BB10_17;

	setp.eq.s32 	%p9, %r1, 3;
	@%p9 bra 	$L__BB10_7;
	bra.uni 	$L__BB10_18;

$L__BB10_7:
	mov.u32 	%r15, 10;
	bra.uni 	$L__BB10_19;

$L__BB10_12:
	setp.eq.s32 	%p3, %r1, 6;
	@%p3 bra 	$L__BB10_15;

	setp.ne.s32 	%p4, %r1, 7;
	@%p4 bra 	$L__BB10_18;

	mov.f32 	%f1, 0f44891443;
	cvt.rzi.s32.f32 	%r15, %f1;
	bra.uni 	$L__BB10_19;

$L__BB10_16:
	mov.u32 	%r15, -4;
	bra.uni 	$L__BB10_19;

$L__BB10_17:
	mov.u32 	%r15, 6;
	bra.uni 	$L__BB10_19;

$L__BB10_15:
	mov.f32 	%f2, 0f401CC471;
	cvt.rzi.s32.f32 	%r15, %f2;
	bra.uni 	$L__BB10_19;

$L__BB10_18:
	mul.hi.s32 	%r13, %r1, 1431655766;
	shr.u32 	%r14, %r13, 31;
	add.s32 	%r15, %r13, %r14;

$L__BB10_19:
	shl.b64 	%rd8, %rd2, 2;
	add.s64 	%rd9, %rd1, %rd8;
	st.global.u32 	[%rd9], %r15;
	ret;

}
.func  (.param .b32 func_retval0) __nv_sqrtf(
	.param .b32 __nv_sqrtf_param_0
)
{
	.reg .f32 	%f<3>;


	ld.param.f32 	%f1, [__nv_sqrtf_param_0];
	sqrt.rn.f32 	%f2, %f1;
	st.param.f32 	[func_retval0+0], %f2;
	ret;

}
.func  (.param .b32 func_retval0) __nv_expf(
	.param .b32 __nv_expf_param_0
)
{
	.reg .f32 	%f<18>;
	.reg .b32 	%r<3>;


	ld.param.f32 	%f1, [__nv_expf_param_0];
	mov.f32 	%f2, 0f3F000000;
	mov.f32 	%f3, 0f3BBB989D;
	fma.rn.f32 	%f4, %f1, %f3, %f2;
	cvt.sat.f32.f32 	%f5, %f4;
	mov.f32 	%f6, 0f4B400001;
	mov.f32 	%f7, 0f437C0000;
	fma.rm.f32 	%f8, %f5, %f7, %f6;
	add.f32 	%f9, %f8, 0fCB40007F;
	neg.f32 	%f10, %f9;
	mov.f32 	%f11, 0f3FB8AA3B;
	fma.rn.f32 	%f12, %f1, %f11, %f10;
	mov.f32 	%f13, 0f32A57060;
	fma.rn.f32 	%f14, %f1, %f13, %f12;
	mov.b32 	%r1, %f8;
	shl.b32 	%r2, %r1, 23;
	mov.b32 	%f15, %r2;
	ex2.approx.ftz.f32 	%f16, %f14;
	mul.f32 	%f17, %f16, %f15;
	st.param.f32 	[func_retval0+0], %f17;
	ret;

}

)PTX";

#endif // DLC_TEST_UNIT_PTXSIM_KERNELS_H

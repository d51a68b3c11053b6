/* The runtimes and the ABI header as data; see Embedded.h. */
        .macro  embed name, file
        .balign 16
        .globl  \name, \name\()_end
\name:
        .incbin "\file"
\name\()_end:
        .endm

        .section .rodata
        embed   dlc_embedded_host_runtime, DLC_HOST_RUNTIME
        embed   dlc_embedded_cuda_runtime, DLC_CUDA_RUNTIME
        embed   dlc_embedded_abi, DLC_ABI_HEADER
        .section .note.GNU-stack, "", @progbits

/* The runtime and the ABI header as data; see Embedded.h. */
        .section .rodata
        .balign 16
        .globl  dlc_embedded_runtime, dlc_embedded_runtime_end
        .globl  dlc_embedded_abi, dlc_embedded_abi_end
dlc_embedded_runtime:
        .incbin DLC_RUNTIME_ARCHIVE
dlc_embedded_runtime_end:
dlc_embedded_abi:
        .incbin DLC_ABI_HEADER
dlc_embedded_abi_end:
        .section .note.GNU-stack, "", @progbits

"""What the tests know about targets: the same test runs for each of them."""

import os


def on_cuda(flags):
    return "--target=cuda" in flags


def target_flags(flags):
    """Programs for a GPU are made for the one that is there, or as PTX for the
    simulator."""
    return [*flags, f"--arch={os.environ.get('DLC_CUDA_ARCH', 'compute_80')}"] if on_cuda(flags) else list(flags)


def launcher(flags):
    """What stands in front of a program's command line: the simulator where there is
    no GPU (see lit.cfg.py)."""
    return os.environ.get("DLC_CUDA_LAUNCHER", "dlc-sim").split() if on_cuda(flags) else []

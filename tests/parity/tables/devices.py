"""What scripts ask of accelerators, and set before they start, where there are none."""

from ..calling import Call, Program, f, i

NOTHING = "manual_seed manual_seed_all".split()
ANSWERS = """is_available is_initialized is_bf16_supported device_count seed seed_all get_rng_state_all empty_cache
memory_allocated max_memory_allocated memory_reserved max_memory_reserved""".split()
REFUSED = """init synchronize current_device get_device_name get_device_properties get_device_capability mem_get_info
initial_seed get_rng_state current_stream ipc_collect Stream Event""".split()


def deterministic(torch):
    torch.use_deterministic_algorithms(True)
    found = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(False)
    return found, torch.are_deterministic_algorithms_enabled()


def precision(torch):
    torch.set_float32_matmul_precision("medium")
    found = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    return found, torch.get_float32_matmul_precision()


def printed(torch, x):
    torch.set_printoptions(precision=2, linewidth=30)
    found = repr(x.detach().float())
    torch.set_printoptions(profile="default")
    return found


CALLS = {
    **{f"cuda.{name}": [Call()] for name in ANSWERS},
    **{f"cuda.{name}": [Call(0)] for name in NOTHING},
    **{f"cuda.{name}": [Call(raises=True)] for name in REFUSED},
    "cuda.set_rng_state": [Call(i(8, dtype="uint8"))],
    "cuda.set_rng_state_all": [Call([])],
    "cuda.set_device": [Call(-1), Call("cpu", raises=True)],
    "use_deterministic_algorithms": [Program(deterministic), Call(1, raises=True)],
    "are_deterministic_algorithms_enabled": [Call()],
    "set_float32_matmul_precision": [Program(precision)],
    "get_float32_matmul_precision": [Call()],
    "set_printoptions": [Program(printed, f(4, 6))],
    "backends.cudnn.is_available": [Call()],
    "backends.cudnn.version": [Call()],
    "backends.cuda.is_built": [Call()],
    "backends.mps.is_available": [Call()],
    "backends.mps.is_built": [Call()],
}

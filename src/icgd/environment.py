"""What JAX computes with: set here before it is imported, not taken from outside where it decides numbers."""

import importlib.util
import os

# May be set from outside: where JAX computes and what it keeps. Any other JAX_... could change numbers.
FREE = ("JAX_PLATFORM", "JAX_COMPILATION_CACHE_", "JAX_PERSISTENT_CACHE_", "JAX_TRACEBACK_", "JAX_LOG")
DEFAULTS = {
    **dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),  # two cost twice the CPU
    "JAX_COMPILATION_CACHE_DIR": os.path.abspath(".cache/jax"),  # one for all jobs
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    # Shorter tracebacks and source lines in compiled code cost about a tenth of a small job
    "JAX_TRACEBACK_FILTERING": "off",
    "JAX_TRACEBACK_IN_LOCATIONS_LIMIT": "0",
}


def prepare_jax(flags: str = "") -> None:
    """One CPU thread a job, one compilation cache for all, nothing from outside that could change numbers."""
    for name in [name for name in os.environ if name.startswith("JAX_") and not name.startswith(FREE)]:
        del os.environ[name]
    os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen=false{flags}"
    if importlib.util.find_spec("jax_cuda12_plugin"):  # TF32 products would keep ten bits of float32
        os.environ["JAX_DEFAULT_MATMUL_PRECISION"] = "highest"
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)


def smoke_flags(long: bool) -> str:
    """XLA flags of a smoke run, most of which compiles for longer than it computes; not so a ``long`` job."""
    return f" --xla_backend_optimization_level={int(long)} --xla_cpu_use_fusion_emitters=false"

"""`python -m icgd <command>`: one thin command a rule, usable without Snakemake."""

import argparse
import gc
import importlib
import importlib.util
import os
import sys

from icgd.errors import IcgdError

# name -> (one line of help, does it need JAX)
COMMANDS = {
    "train": ("train one network", True),
    "data": ("build and check the published evaluation tasks", True),
    "references": ("rates and losses of the reference predictors", True),
    "released": ("train GD++ by the released recipe", True),
    "optima": ("the best of each family of K-step methods", True),
    "spectra": ("eigenvalues and condition numbers of the tasks", True),
    "identities": ("check the exact statements in float64", True),
    "panels": ("hold the published panels against each other and their recipe", True),
    "contrasts": ("constructed pairs of models that tell measures apart", True),
    "align": ("alignment of one trained network with gradient descent", True),
    "generalise": ("losses of one trained network on shifted tasks", True),
    "rollout": ("one trained network applied again and again", True),
    "nonlinear": ("one trained network with softmax or LayerNorm against its references", True),
    "phases": ("course of training of an experiment's networks, and where it ended", True),
    "scope": ("networks of other problems against plain and other gradient descent", True),
    "layers": ("networks of several layers against several steps of GD, GD++ and others", True),
    "sine": ("networks of an embedding and one layer on sine waves", True),
    "blocks": ("networks of blocks with MLPs against several steps of GD and GD++", True),
    "copying": ("networks on alternating tokens: what they copy, when, and what follows", True),
    "compare": ("networks of one experiment against those of another", True),
    "sweep": ("train one seed of a sweep over settings", True),
    "runs": ("evaluate the runs of a sweep", True),
    "sizes": ("write sums over the weights and histories, a second record of them", False),
    "figure": ("draw one figure", False),
    "decide": ("decide one claim from the tables", False),
    "validate": ("check config.yaml and the registry of claims", False),
    "report": ("write the audit page", False),
    "audit": ("explain the verdict of one claim", False),
    "verify": ("compare every committed result with its record", False),
    "check": ("compare committed results with a rebuild of them, and retrain two seeds", True),
    "record": ("append changed verdicts to the history", False),
    "bench": ("measure what a training step costs", True),
    "mutate": ("plant faults one at a time and see what notices them", False),
    "budget": ("write the table of what was trained into docs/budget.md", False),
    "schema": ("write the JSON schema of config.yaml and the data dictionary", False),
}

# Commands that compute for long at every scale
LONG = {"data", "references", "released", "optima", "spectra", "identities", "panels", "contrasts"}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; an expected error is one sentence on stderr and exit code 2."""
    gc.set_threshold(100_000)  # imports and JAX's tracing make many objects and few cycles: a tenth of a job
    parser = argparse.ArgumentParser(prog="icgd", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    arguments = sys.argv[1:] if arguments is None else arguments
    chosen = arguments[0] if arguments and arguments[0] in COMMANDS else None
    for name, (text, _) in COMMANDS.items():
        child = commands.add_parser(name, help=text, description=text)
        if name == chosen:
            if COMMANDS[name][1]:
                prepare_jax(optimisation(name) if "smoke" in arguments else "")
            module = importlib.import_module(f"icgd.cli.{name}")
            module.arguments(child)
            child.set_defaults(run=module.run)
    parsed = parser.parse_args(arguments)
    try:
        return parsed.run(parsed) or 0
    except IcgdError as error:
        print(f"icgd {chosen}: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(
            f"icgd {chosen}: the package {error.name!r} is missing; install the locked ones with "
            "`pip install --require-hashes -r requirements.lock`.",
            file=sys.stderr,
        )
        return 2
    except OSError as error:
        if isinstance(error, BrokenPipeError):  # the reader (head, less) has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        print(
            f"icgd {chosen}: {error.filename}: {error.strerror}; nothing was changed there.", file=sys.stderr
        )
        return 2
    except KeyboardInterrupt:
        print(f"icgd {chosen}: stopped; run the same command again to go on.", file=sys.stderr)
        return 130


def optimisation(command: str) -> str:
    """XLA flags of a smoke run, most of which compiles for longer than it computes."""
    level = 1 if command in LONG else 0
    return f" --xla_backend_optimization_level={level} --xla_cpu_use_fusion_emitters=false"


def prepare_jax(flags: str = "") -> None:
    """One CPU thread a job, one compilation cache for all jobs, no TF32 on a GPU, unless already set."""
    os.environ.setdefault("NPROC", "1")  # XLA's thread pool; shared by two threads a step costs twice the CPU
    os.environ.setdefault("XLA_FLAGS", f"--xla_cpu_multi_thread_eigen=false{flags}")
    if importlib.util.find_spec("jax_cuda12_plugin"):  # its products would keep ten bits of float32
        os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "highest")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", os.path.abspath(".cache/jax"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    # Shorter tracebacks and source lines in compiled code cost about a tenth of a small job
    os.environ.setdefault("JAX_TRACEBACK_FILTERING", "off")
    os.environ.setdefault("JAX_TRACEBACK_IN_LOCATIONS_LIMIT", "0")


def forked(arguments: list[str]) -> int | None:
    """Exit code of a command that needs JAX, where a server has it imported (smoke runs only)."""
    if not arguments or not COMMANDS.get(arguments[0], ("", False))[1]:
        return None
    from icgd import forkserver

    return forkserver.hand_over(arguments)


if __name__ == "__main__":
    done = forked(sys.argv[1:])
    sys.exit(main() if done is None else done)

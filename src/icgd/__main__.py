"""`python -m icgd <command>`: parse and call; what a command needs is imported when it is chosen."""

import argparse
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path

from icgd.environment import prepare_jax, smoke_flags
from icgd.errors import IcgdError
from icgd.paths import CHECK
from icgd.record import ROOMS, Recorder, room

PLANNED = ("--scale", "--config")  # of commands that make something
READING = "--scale full"  # of commands that ask what is committed
SCALES = ("smoke", "quick", "full")
COMMANDS: dict[str, tuple[Callable, tuple[str, ...], bool]] = {}  # what runs, its arguments, does it need JAX


def whole(least: int) -> Callable[[str], int]:
    """Type of an argument that is a whole number of at least ``least``."""

    def number(text: str) -> int:
        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"must be a whole number of {least} or more, not {text!r}")
        return int(text)

    return number


ARGUMENTS = {
    "experiment": {"help": "name of an experiment in config.yaml"},
    "name": {"help": "of the table or figure"},
    "question": {
        "nargs": "+",
        "help": "measure, subject, reference, tasks, along, in this order, as docs/data-dictionary.md names "
        'them; left out: the network, none, fresh tasks, none; "" is none',
    },
    "claim": {
        "nargs": "+",
        "help": "ids of claims, such as vo22-17, or a figure, fig2, whose claims are listed",
    },
    "--targets": {"action": "store_true", "help": "only name the files that a run has to make for them"},
    "--json": {"action": "store_true", "help": "print the verdicts as they are stored"},
    "[words]": {"nargs": "?", "default": "", "help": "that the claim's entry must contain, such as 'Fig. 2'"},
    "--verdict": {"help": "supported, partly, refuted, inconclusive, no power, pending or not testable"},
    "[claim]": {"nargs": "?", "help": "id of a claim; without it all are decided"},
    "part": {"choices": ("prepare", "compare", "retrain"), "help": "of the check"},
    "--seed": {"type": whole(0), "required": True, "help": "training seed"},
    "--count": {"type": whole(1), "default": 1, "help": "so many seeds side by side, for a GPU"},
    "--layers": {"type": whole(1), "required": True, "help": "number K of layers"},
    "--sharing": {"choices": ("shared", "separate"), "required": True, "help": "of parameters"},
    "--folder": {"type": Path, "default": CHECK, "help": "scratch (default: %(default)s)"},
    "--check": {"action": "store_true", "help": "write nothing"},
    "--reason": {"required": True, "help": "why verdicts or rules changed, in one sentence"},
    "--scale": {"choices": SCALES, "help": "default: that of --config"},
    READING: {"choices": SCALES, "default": "full", "help": "default: %(default)s"},
    "--config": {
        "default": os.environ.get("ICGD_CONFIG", "config.yaml"),
        "help": "settings (default: config.yaml; a job of the workflow gets those that were planned with)",
    },
}


def command(*arguments: str, jax: bool = False) -> Callable:
    """Make a function of the parsed arguments a command of its name; its docstring is the help."""
    return lambda run: COMMANDS.setdefault(run.__name__, (run, arguments, jax))[0]


def configured(parsed: argparse.Namespace) -> object:
    """Settings that were planned with, or config.yaml."""
    from icgd import config, files

    read = files.read_json if parsed.config.endswith(".json") else files.read_yaml
    return config.from_mapping(read(parsed.config), parsed.config)


def planned(parsed: argparse.Namespace) -> tuple:
    """(settings, scale) that were planned with, or of config.yaml."""
    found = configured(parsed)
    return found, parsed.scale or found.scale


def recorder(step: str, settings: object, **about: object) -> Recorder:
    """The record of what a command is about to make, with the hash of its code unless it has a program."""
    return Recorder(step, settings, **{"made_by": {"code": room(*ROOMS[step])}, **about})


@command("experiment", "--seed", "--count", *PLANNED, jax=True)
def train(parsed: argparse.Namespace) -> None:
    """train a seed of an experiment, at all its points; go on with what an interrupted run left"""
    from icgd.training import job

    config, scale = planned(parsed)
    seeds = range(parsed.seed, parsed.seed + parsed.count)
    job.train(parsed.experiment, config.settings(parsed.experiment, scale), scale, seeds)


@command("--layers", "--sharing", *PLANNED, jax=True)
def released(parsed: argparse.Namespace) -> None:
    """train GD++ as the released code does"""
    from icgd import paths
    from icgd.files import write_table
    from icgd.references import methods, tables, tuned
    from icgd.training import program

    config, scale = planned(parsed)
    settings = tuned.released(config, scale, parsed.layers, parsed.sharing)
    about = {"made_by": {"program": program.of_released(settings)}} if scale == "full" else {}
    record = recorder("released", settings.model_dump(mode="json"), seed=0, **about)
    output = paths.released(scale, parsed.layers, parsed.sharing)
    write_table(output, methods.COLUMNS, tables.of_released(settings))
    record.write([output])


@command("experiment", *PLANNED, jax=True)
def measure(parsed: argparse.Namespace) -> None:
    """measure the trained networks of an experiment: what claims and figures ask of it"""
    from icgd import plan
    from icgd.measures import tables

    (config, scale), name = planned(parsed), parsed.experiment
    settings = {one: config.settings(one, scale) for one in (name, *plan.others(name))}
    plain = {one: found.model_dump(mode="json") for one, found in settings.items()}
    record = recorder("measure", {"settings": plain, "asked": plan.digest(name)})
    outputs = tables.write(name, settings, scale, plan.requests().get(name, []))
    record.write(outputs, plan.inputs(name, config, scale))


@command("experiment", "question", READING, "--config", jax=True)
def ask(parsed: argparse.Namespace) -> None:
    """measure what no rule asks for, and print it for every seed: ask one_layer loss_ratio network gd"""
    from icgd import plan
    from icgd.measures import tables
    from icgd.measures.request import Request, named

    (config, scale), name = planned(parsed), parsed.experiment
    if len(given := parsed.question) > len(Request._fields):
        raise IcgdError("a question is a measure, subject, reference, tasks, along; quote 'gd rate 1.2'.")
    question = Request(*given, *("", "network", "", "fresh", "")[len(given) :])
    plan.check(question, name)
    settings = {one: config.settings(one, scale) for one in (name, *named(question))}
    for rows, lines in tables.answered(name, settings, scale, [question]):
        for row in (*rows, *lines):
            if row["measure"] == question.measure:
                print(*(row[column] for column in ("unit", "x", "value") if column in row), sep="\t")


@command("name", *PLANNED, jax=True)
def statement(parsed: argparse.Namespace) -> None:
    """compute a table that needs no trained network"""
    from icgd import statements

    config, scale = planned(parsed)
    record = recorder("statement", {"statement": parsed.name, **statements.settings(config, scale)})
    outputs, inputs = statements.write(parsed.name, config, scale)
    for folder in dict.fromkeys(path.parent for path in outputs):  # a record speaks of its own folder
        record.write([path for path in outputs if path.parent == folder], inputs)


@command("name", *PLANNED)
def figure(parsed: argparse.Namespace) -> None:
    """draw a figure, with its data beside it"""
    from icgd.figures import draw, plan

    config, scale = planned(parsed)
    record = recorder("figure", {"figure": parsed.name, "scale": scale})
    record.write(draw.save(parsed.name, config, scale), plan.files(parsed.name, config, scale))


@command("[claim]", READING, "--config")
def decide(parsed: argparse.Namespace) -> None:
    """decide all claims, or one, from the tables"""
    from icgd import paths
    from icgd.audit import compared
    from icgd.claims import evidence, registry, verdict, words
    from icgd.files import read_json, write_json

    config, scale = planned(parsed)
    known, alone = registry.claims(), parsed.claim and words.written(parsed.claim, registry.claims())
    wanted = [alone] if alone else registry.decided(config.sources)
    decided = [known[id_] for id_ in wanted if id_ in known and known[id_].decided]
    record = recorder("decide", {"scale": scale, "entries": {one.id: one.entry_hash for one in decided}})
    if alone:
        output, found = paths.verdict(scale, alone), verdict.decide_one(alone, config, scale)
    else:
        output, found = paths.verdicts(scale), verdict.decide_all(config, scale)
    before = read_json(paths.verdicts(scale)) if paths.verdicts(scale).exists() else {}
    write_json(output, found)
    record.write([output], sorted({path for one in decided for path in evidence.files(one, scale)}))
    print(*compared.told({alone: found} if alone else found, before, output), sep="\n")


@command(*PLANNED)
def site(parsed: argparse.Namespace) -> None:
    """build the site: a page for every claim, figure, experiment and source"""
    from icgd.site import build

    print(f"open {build.write(*planned(parsed))}")


@command("claim", "--json", "--targets", READING)
def audit(parsed: argparse.Namespace) -> None:
    """explain the verdicts on claims, or list those on a figure (needs nothing but Python)"""
    from icgd import paths
    from icgd.audit import explain

    with paths.checkout():
        if parsed.targets:
            print(*explain.targets(parsed.claim, parsed.scale))
        else:
            explain.show(parsed.claim, parsed.scale, parsed.json)


@command("[words]", "--verdict", READING)
def claims(parsed: argparse.Namespace) -> None:
    """list claims, of one verdict or with certain words (needs nothing but Python)"""
    from icgd import paths
    from icgd.audit import listed

    with paths.checkout():
        listed.show(parsed.scale, parsed.verdict, parsed.words)


@command(READING)
def verify(parsed: argparse.Namespace) -> int:
    """compare every committed file with its record (needs nothing but Python)"""
    from icgd import paths
    from icgd.audit import verify

    with paths.checkout():
        return verify.run(parsed.scale)


@command("part", "--folder", "--config", jax=True)
def check(parsed: argparse.Namespace) -> int:
    """compare what is committed with a rebuild of it; train two seeds again"""
    from icgd.audit import check

    return getattr(check, parsed.part)(parsed.folder, configured(parsed))


@command("--check", "--config", jax=True)
def attest(parsed: argparse.Namespace) -> int:
    """would today's code train what is committed? Compare programs, train again where they differ"""
    from icgd.audit import attest

    return attest.run(configured(parsed), write=not parsed.check)


@command("--reason")
def record(parsed: argparse.Namespace) -> None:
    """append changed verdicts to the history"""
    from icgd import paths
    from icgd.claims import history
    from icgd.files import read_json

    if not parsed.reason.strip():
        raise IcgdError("--reason must say why, in one sentence.")
    verdicts = paths.verdicts("full")
    added = history.append(read_json(verdicts).values(), parsed.reason.strip())
    for line in added:
        print(f"{line['claim']}: {line['verdict']} ({line['value']})")
    if not added:
        again = "`icgd decide` decides all anew, as a verdict that was decided alone does not count"
        print(f"nothing was recorded: the history says already what {verdicts} says; {again}.")


@command("--config")
def validate(parsed: argparse.Namespace) -> None:
    """check config.yaml, all claims and what they ask, and that the sources are covered"""
    from icgd import plan
    from icgd.claims import coverage, registry
    from icgd.figures.plan import FIGURES

    config = configured(parsed)
    registry.check(config, FIGURES)
    plan.check_possible(config)
    claims, asked, at_hand = registry.claims().values(), plan.requests(), coverage.compare_all()
    passages = [passage for document in coverage.documents() for passage in document.passages]
    print(
        f"{len(config.experiments)} experiments, asked for {sum(map(len, asked.values()))} numbers and curves"
    )
    print(f"{len(claims)} claims, {sum(one.decided for one in claims)} of them with a rule")
    print(f"{len(passages)} passages of the sources; hashes of {at_hand} documents at hand agree")


@command()
def results(parsed: argparse.Namespace) -> None:
    """write RESULTS.md and the table of the README from the verdicts at full scale"""
    from icgd import results

    results.write()


@command()
def document(parsed: argparse.Namespace) -> None:
    """write the data dictionary, the schema, the table of docs/budget.md, model cards and the RO-Crate"""
    from icgd import documents

    documents.write()


def main(arguments: list[str] | None = None) -> int:
    """Run one command; what is wrong is told in one sentence on stderr, with exit code 2."""
    gc.set_threshold(100_000)  # imports and JAX's tracing make many objects and few cycles: a tenth of a job
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal that knows no Greek
    parser = argparse.ArgumentParser(prog="icgd", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, (run, names, _) in COMMANDS.items():
        child = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        for argument in names:
            child.add_argument(argument.split()[0].strip("[]"), **ARGUMENTS[argument])
    parsed = parser.parse_args(arguments)
    run, _, jax = COMMANDS[parsed.command]
    if jax:
        long = parsed.command in ("released", "statement")  # these compute for long at every scale
        prepare_jax(smoke_flags(long) if getattr(parsed, "scale", "") == "smoke" else "")
    try:
        return run(parsed) or 0
    except (IcgdError, ModuleNotFoundError, OSError, KeyboardInterrupt) as error:
        if isinstance(error, BrokenPipeError):  # the reader (head, less) has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        print(f"icgd {parsed.command}: {told(error)}", file=sys.stderr)
        return 130 if isinstance(error, KeyboardInterrupt) else 2


def told(error: BaseException) -> str:
    """What went wrong and what to do, in one sentence."""
    if isinstance(error, KeyboardInterrupt):
        return "stopped; run the same command again to go on."
    if isinstance(error, ModuleNotFoundError):
        install = "`make setup` or `pip install --require-hashes -r requirements.lock`"
        return f"the package {error.name!r} is missing; install the locked ones with {install}."
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror or error}; nothing was changed there."
    return str(error)


if __name__ == "__main__":
    sys.exit(main())

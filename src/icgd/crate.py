"""ro-crate-metadata.json: what this workflow is and where its parts are, for registries of workflows."""

import json
from pathlib import Path

from icgd.files import read_yaml

PATH = Path("ro-crate-metadata.json")
PARTS = {  # beside the workflow itself
    "README.md": "What was asked and found, and how to run it",
    "RESULTS.md": "All results by topic, with figures, intervals and published numbers",
    "CITATION.cff": "How to cite it",
    "config.yaml": "Experiments and scales",
    "requirements.lock": "Python packages with versions and hashes",
    "claims/": "Registry of claims: what is claimed where, and the rule that decides it",
    "published/": "Numbers read off the paper's figures",
    "results/full/": "Trained weights with model cards, tables of measures, verdicts, records",
    "figures/full/": "Every figure as drawn here, with its data",
}


def metadata() -> str:
    """The metadata as JSON."""
    from rocrate.model.person import Person
    from rocrate.rocrate import ROCrate

    cited = read_yaml("CITATION.cff")
    crate = ROCrate()
    crate.name, crate.description = cited["title"], " ".join(cited["abstract"].split())
    crate.license, crate.keywords = f"https://spdx.org/licenses/{cited['license']}", cited["keywords"]
    crate.datePublished = str(cited["date-released"])
    crate.root_dataset["version"] = cited["version"]
    crate.creator = [
        crate.add(Person(crate, f"#author-{number}", {"name": one["name"]}))
        for number, one in enumerate(cited["authors"])
    ]
    crate.root_dataset["citation"] = [{"@id": one["url"]} for one in cited["references"]]
    about = {"name": "icgd", "description": "Trains, measures, draws and decides every claim"}
    snakefile = "workflow/Snakefile"
    crate.add_workflow(snakefile, snakefile, main=True, lang="snakemake", properties=about)
    for path, what in PARTS.items():
        add = crate.add_directory if path.endswith("/") else crate.add_file
        add(path, path, properties={"description": what})
    found = json.dumps(crate.metadata.generate(), indent=2, sort_keys=True, ensure_ascii=False)
    return found + "\n"

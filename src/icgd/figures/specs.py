"""Every figure by name, as data: those of all modules of specs, under their names (FIG6A is fig6a)."""

from icgd.figures import (
    specs_few_shot,
    specs_hybrids,
    specs_inside,
    specs_language,
    specs_layers,
    specs_linearity,
    specs_one_layer,
    specs_others,
    specs_sequences,
)
from icgd.figures.panels import Figure

# A new chapter is a module here.
CHAPTERS = (
    specs_one_layer, specs_layers, specs_others, specs_sequences, specs_inside, specs_hybrids, specs_few_shot,
    specs_linearity, specs_language,
)  # fmt: skip
FOUND = [(name.lower(), one) for chapter in CHAPTERS for name, one in vars(chapter).items()]
FIGURES: dict[str, Figure] = dict(
    sorted(
        ((name, one) for name, one in FOUND if isinstance(one, Figure)),
        key=lambda item: (len(item[0].rstrip("abc")), item[0]),
    )
)

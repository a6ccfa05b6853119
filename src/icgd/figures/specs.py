"""Every figure by name, as data; a new one is a `Figure` and a line here."""

from icgd.figures import specs_layers, specs_one_layer, specs_others
from icgd.figures.panels import Figure

FIGURES: dict[str, Figure] = {
    "fig1": specs_one_layer.FIG1,
    "fig2": specs_one_layer.FIG2,
    "fig3": specs_layers.FIG3,
    "fig3b": specs_layers.FIG3B,
    "fig4": specs_others.FIG4,
    "fig5": specs_others.FIG5,
    "fig6a": specs_one_layer.FIG6A,
    "fig6b": specs_layers.FIG6B,
    "fig6c": specs_layers.FIG6C,
    "fig7": specs_layers.FIG7,
    "fig8": specs_layers.FIG8,
    "fig9": specs_one_layer.FIG9,
    "fig10": specs_one_layer.FIG10,
    "fig11": specs_others.FIG11,
    "fig12": specs_others.FIG12,
    "fig13": specs_layers.FIG13,
    "fig14": specs_others.FIG14,
    "fig15": specs_one_layer.FIG15,
    "fig16": specs_one_layer.FIG16,
}

"""Labels at three levels of the Cell Ontology: broad, medium and fine.

leveller  the three levels of one term
grouping  those of labelled clusters
"""

from cassia_engine.levels.grouping import Group, Grouped, Labelled, grouped
from cassia_engine.levels.leveller import Leveller

__all__ = ["Group", "Grouped", "Labelled", "Leveller", "grouped"]

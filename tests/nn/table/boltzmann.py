"""Boltzmann machines."""

from __future__ import annotations

from functools import partial

import networkx as nx

from qdl.nn import QBM, RBM
from tests.nn.table import Row, uniform

ROWS = [
    Row("RBM", partial(RBM, 5, 3, chains=4), uniform(3, 5)),
    Row("RBM-spin", partial(RBM, 5, 3, values="spin", chains=4), uniform(3, 5, low=-0.9)),
    Row("QBM", partial(QBM, 3, 2, transverse=0.7), uniform(4, 3, low=-0.9)),
    Row("QBM-restricted", partial(QBM, 2, 2, graph=nx.complete_bipartite_graph(2, 2)), uniform(4, 2, low=-0.9)),
]

"""The channel table: one row per noise channel, from which superoperators, trajectories and adapters follow.

A channel is rho -> sum_k w_k K_k rho K_k^+ with sum_k w_k K_k^+ K_k = 1. Its strengths are numbers or expressions, as
the angles of gates are; so they can be batched and have gradients.
"""

from qdl.ir.channels.kinds import Channel, Kraus, Limit, Measure, readout
from qdl.ir.channels.rows import CHANNELS, DEFAULTS, channel, channel_table_markdown, kraus_channel

__all__ = [
    "CHANNELS",
    "DEFAULTS",
    "Channel",
    "Kraus",
    "Limit",
    "Measure",
    "channel",
    "channel_table_markdown",
    "kraus_channel",
    "readout",
]

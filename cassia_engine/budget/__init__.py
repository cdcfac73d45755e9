"""`--max_cost`: what a run may spend, held by all its tasks together, on whatever machines they are.

amounts   dollars as whole numbers
ledger    who has claimed how much, in a folder that all tasks share, or in memory
budget    a task's part: reserves before a call is sent, waits where others may give back, ends at the cap
exchange  the budget as an `Exchange` around another: what a call may cost at most, and what it has cost
folders   where a budget is in the journal, its cap, and that it was reached
"""

from cassia_engine.budget.amounts import dollars, nano
from cassia_engine.budget.budget import Budget
from cassia_engine.budget.exchange import Budgeted
from cassia_engine.budget.ledger import FileLedger, Ledger

__all__ = ["Budget", "Budgeted", "FileLedger", "Ledger", "dollars", "nano"]

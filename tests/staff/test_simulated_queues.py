"""The queue functions beside an independent event simulation (ciw), each within the simulation's own interval.

A short run here; `tests/benchmarks/queue_simulation.py` runs the same settings longer.
"""

import math
from typing import NamedTuple

import ciw
import numpy as np
import pytest
from scipy import stats

from csm_lib.staff.chats import chat_performance
from csm_lib.staff.priority import priority_performance
from csm_lib.staff.queues import performance

N_CONTACTS = 5000
N_BATCHES = 20
LEVEL = 0.9995  # twenty settings with a few numbers each: together they fail by chance less than one run in thirty
THRESHOLD = 0.1  # in handle times, as all times in the simulation


class Waits(NamedTuple):
    """What a simulation saw, in order of arrival."""

    waited: np.ndarray
    is_answered: np.ndarray
    is_abandoned: np.ndarray
    is_first_class: np.ndarray


class ChatNode(ciw.PSNode):
    """Agents who each hold several chats, slower for it; a new chat goes to one who holds fewest, and stays."""

    agents, factors = 1, (1.0,)

    def begin_service_if_possible_accept(self, next_individual):
        if not hasattr(self, "held"):
            self.held = [0] * self.agents
        next_individual.arrival_date = self.now
        next_individual.with_server = False
        if self.reneging:
            next_individual.reneging_date = self.get_reneging_date(next_individual)
        if self.number_of_individuals <= self.ps_capacity:
            self.begin(next_individual)

    def begin_service_if_possible_release(self, ind=None, server=None):
        self.update_all_service_end_dates()
        self.held[ind.chat_agent] -= 1
        ind.with_server = False
        if self.number_of_individuals >= self.ps_capacity:
            self.begin(self.all_individuals[self.ps_capacity - 1])
        self.update_all_service_end_dates()

    def begin(self, ind):
        self.update_all_service_end_dates()
        ind.chat_agent = int(np.argmin(self.held))
        self.held[ind.chat_agent] += 1
        ind.service_start_date = ind.date_last_update = self.now
        ind.service_time = ind.time_left = self.get_service_time(ind)
        ind.chat_rate, ind.with_server = 1.0, True
        self.update_all_service_end_dates()

    def update_all_service_end_dates(self):
        now = self.simulation.current_time
        for ind in self.all_individuals:
            if ind.with_server:
                ind.time_left -= (now - ind.date_last_update) * ind.chat_rate
                ind.chat_rate = 1 / self.factors[max(self.held[ind.chat_agent], 1) - 1]
                ind.service_end_date = now + max(ind.time_left, 0.0) / ind.chat_rate
                ind.date_last_update = now

    def update_next_renege_time(self):
        waiting = [ind for ind in self.all_individuals if not ind.with_server] if self.reneging else []
        if waiting:
            first = min(waiting, key=lambda ind: ind.reneging_date)
            self.possible_next_events["renege"] = ([first], first.reneging_date)


class TryAgain(ciw.routing.Leave):
    """Sends a share of those who hang up to a second place, from which they come back."""

    def __init__(self, share):
        self.share = share

    def next_node_for_jockeying(self, ind):
        return self.simulation.nodes[2 if ciw.random.random() < self.share else -1]


def exponential(mean):
    return None if math.isinf(mean) else ciw.dists.Exponential(rate=1 / mean)


def simulated(*, load, servers, patience=math.inf, lines=None, retrial=0.0, second=0.0, chats=None, seed=1,
              n_contacts=N_CONTACTS):
    """Run one setting; times in handle times, `second` the load of a class that is taken later."""
    ciw.seed(seed)
    classes = {"a": load, "b": second} if second else {"a": load}
    again = [ciw.dists.Exponential(rate=1 / 30)] if retrial else []
    options = {
        "arrival_distributions": {c: [ciw.dists.Exponential(rate=per)] + [None] * bool(again)
                                  for c, per in classes.items()},
        "service_distributions": {c: [ciw.dists.Exponential(rate=1.0), *again] for c in classes},
        "reneging_time_distributions": {c: [exponential(patience)] + [None] * bool(again) for c in classes},
        "number_of_servers": [servers * (len(chats) if chats else 1)] + [math.inf] * bool(again),
        "priority_classes": {c: i for i, c in enumerate(classes)},
    }
    if lines is not None:
        options["queue_capacities"] = [lines - servers]
    options["routing"] = {c: ciw.routing.NetworkRouting(
        routers=[TryAgain(retrial), ciw.routing.Direct(1)] if retrial else [ciw.routing.Leave()]) for c in classes}
    node = type("Chats", (ChatNode,), {"agents": servers, "factors": chats}) if chats else None
    simulation = ciw.Simulation(ciw.create_network(**options), node_class=[node] if node else None)
    span = n_contacts / (load + second)
    simulation.simulate_until_max_time(span)
    start = span * (0.2 if retrial else 0.02)  # those who come back take long to build up
    records = [r for r in simulation.get_all_records() if r.node == 1 and start < r.arrival_date < 0.98 * span]
    records.sort(key=lambda r: r.arrival_date)
    left, turned_away = (np.array([r.record_type == word for r in records]) for word in ("renege", "rejection"))
    ended = np.array([r.exit_date if r.record_type == "renege" else r.service_start_date for r in records], dtype=float)
    waited = np.where(turned_away, 0.0, ended - np.array([r.arrival_date for r in records]))
    return Waits(waited, ~left & ~turned_away, left, np.array([r.customer_class == "a" for r in records]))


def batch_interval(values):
    """Mean of successive values and half its interval, from means of batches."""
    means = np.array([batch.mean() for batch in np.array_split(values.astype(float), N_BATCHES)])
    return means.mean(), stats.t.ppf((1 + LEVEL) / 2, N_BATCHES - 1) * means.std(ddof=1) / math.sqrt(N_BATCHES)


SETTINGS = {
    "patient, one agent": {"load": 0.7, "servers": 1},
    "patient, four agents": {"load": 3.0, "servers": 4},
    "patient, twenty agents": {"load": 14.0, "servers": 20},
    "nobody can wait": {"load": 4.0, "servers": 4, "lines": 4},
    "five lines for three agents": {"load": 3.5, "servers": 3, "lines": 5},
    "lines and patience": {"load": 6.0, "servers": 4, "lines": 8, "patience": 1.5},
    "hasty customers": {"load": 5.0, "servers": 5, "patience": 0.2},
    "overload": {"load": 6.0, "servers": 4, "patience": 1.0},
    "balanced": {"load": 10.0, "servers": 10, "patience": 2.0},
    "long patience": {"load": 8.0, "servers": 9, "patience": 5.0},
    "half try again": {"load": 5.0, "servers": 5, "patience": 0.5, "retrial": 0.5},
    "most try again, overload": {"load": 5.0, "servers": 4, "patience": 1.0, "retrial": 0.8},
    "first class, patient": {"load": 1.5, "servers": 4, "second": 1.5},
    "few in the first class": {"load": 0.5, "servers": 2, "second": 1.0},
    "first class, hasty": {"load": 2.0, "servers": 5, "second": 3.0, "patience": 0.5},
    "first class in an overload": {"load": 3.0, "servers": 6, "second": 5.0, "patience": 1.5},
    "chats of one agent": {"load": 0.8, "servers": 1, "chats": (1.0, 1.3, 1.6)},
    "two chats each": {"load": 3.6, "servers": 3, "chats": (1.0, 1.4)},
    "three chats each": {"load": 4.0, "servers": 3, "chats": (1.0, 1.3, 1.7), "patience": 1.0},
    "chats in an overload": {"load": 7.0, "servers": 4, "chats": (1.0, 1.5), "patience": 0.8},
}


def predicted(*, load, servers, patience=math.inf, lines=None, retrial=0.0, second=0.0, chats=None):
    """What the queue functions say of a setting: per class the record."""
    options = {"patience_s": patience * 3600, "threshold_s": THRESHOLD * 3600}
    if second:
        both = priority_performance(load, second, 3600, servers, **options)
        return [both.first, both.second]
    if chats:
        return [chat_performance(load, 3600, servers, max_chats=len(chats), slowdown=chats, **options)]
    return [performance(load, 3600, servers, lines=lines, retrial_share=retrial, **options)]


def compared(name, *, n_contacts=N_CONTACTS, seed=1):
    """One row per class and number of a setting: name, predicted, simulated, half its interval."""
    setting = SETTINGS[name]
    seen = simulated(**setting, n_contacts=n_contacts, seed=seed)
    rows = []
    for place, found in enumerate(predicted(**setting)):
        mine = seen.is_first_class == (place == 0)
        in_time = seen.is_answered & (seen.waited <= THRESHOLD)
        for field, values, scale in (("mean_wait_offered_s", seen.waited, 3600), ("service_level", in_time, 1),
                                     ("abandon_share", seen.is_abandoned, 1)):
            mean, half = batch_interval(values[mine] * scale)
            rows.append((field, float(getattr(found, field)), mean, half))
    return rows


@pytest.mark.parametrize("name", SETTINGS)
def test_an_event_simulation_agrees_within_its_own_interval(name):
    off = [row for row in compared(name) if abs(row[1] - row[2]) > row[3] + 1e-12]
    assert off == []

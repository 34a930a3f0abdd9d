"""How large a study must be, and how long: closed form and simulation side by side.

questions    the questions that can be planned for, with every number they begin from (questions.toml)
design       what every plan can do: its formula, the size that asks for, one drawn study analysed
watch        who sees what, and when: losses and scans
activity     wearing-off against disease activity
occupancy    receptor occupancy against wearing-off
intervals    standard against extended interval dosing
monte_carlo  many drawn studies, counted
plan         what is asked, made into designs of a size
sizes        the sizes that formulae ask for
side_by_side formula, exact count and simulation of every analysis
curves       power over size, length, drop-out, scans and effect
assurance    the chance of success when the truth is uncertain
paragraphs   the answer in plain words
study        all of it as one result
"""

from wearoff.trial.power.activity import ActivityDesign
from wearoff.trial.power.intervals import IntervalDesign
from wearoff.trial.power.monte_carlo import Simulated, simulate
from wearoff.trial.power.occupancy import OccupancyDesign
from wearoff.trial.power.plan import Plan, PowerChoices, plan
from wearoff.trial.power.questions import Question, question, question_names, settings_of
from wearoff.trial.power.study import plan_study
from wearoff.trial.power.watch import Watch

__all__ = [
    "ActivityDesign",
    "IntervalDesign",
    "OccupancyDesign",
    "Plan",
    "PowerChoices",
    "Question",
    "Simulated",
    "Watch",
    "plan",
    "plan_study",
    "question",
    "question_names",
    "settings_of",
    "simulate",
]

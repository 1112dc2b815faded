"""Evaluation: what a model does, measured on fixed items and written as one report.

A plain Python library. It knows neither Django nor the trainer: it reads artefact folders and
item files from disk and writes `report.json` with `samples.jsonl` beside it. Importing this
package, or listing its tasks, loads no model library; `python -m evaluation run` does.
"""

__version__ = "0.1.0"

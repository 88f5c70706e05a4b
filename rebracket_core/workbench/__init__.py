"""The composition root: one home's services, for pages, commands and the API."""

from rebracket_core.workbench.bench import Workbench, bundle_workbench, get_workbench

__all__ = ["Workbench", "bundle_workbench", "get_workbench"]

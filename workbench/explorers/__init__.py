"""What needs a kernel: views as widgets whose state Python reads, sets and observes."""

from workbench.explorers.margins import margin_curves as margin_curves

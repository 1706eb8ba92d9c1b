"""Make the pictures in this folder: `make gallery` renders the main job and photographs its views in Chromium."""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from workbench import reports

HERE = Path(__file__).parent
# What is photographed, and what is chosen in the page's address: a class in focus shows its margin cap.
SHOWN = {
    "pair_similarity": "",
    "hypersphere": "focus=4",
    "angle_distributions": "",
    "training_record": "",
    "hard_pairs": "",
    "centre_gram": "",
}


def main() -> None:
    page_file = reports.render(progress=True).resolve()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        sys.exit("The pictures need Chromium: install the package 'chromium', or set CHROMIUM to the path of one.")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for scheme in ("light", "dark"):
            context = browser.new_context(
                offline=True, color_scheme=scheme, viewport={"width": 1180, "height": 900}, device_scale_factor=1.5
            )
            for name, chosen in SHOWN.items():
                page = context.new_page()
                page.goto(f"{page_file.as_uri()}#{chosen}")
                page.locator("html[data-wb-ready='1']").wait_for(state="attached")
                view = page.locator(f"[data-wb-view={name}]")
                if name == "angle_distributions":
                    view.get_by_label("Show").select_option("margin")
                # The words below a view are in the page around it.
                page.add_style_tag(content=".wb-caption, .wb-data, .wb-note { display: none }")
                view.screenshot(path=HERE / f"{name}-{scheme}.png")
                page.close()
            context.close()
        browser.close()


if __name__ == "__main__":
    main()

"""Make the pictures in this folder: `make gallery` renders the main job and photographs its views in Chromium."""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from workbench import reports

HERE = Path(__file__).parent
SHOWN = ("hypersphere", "pair_similarity", "roc")


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
            page = context.new_page()
            page.goto(page_file.as_uri())
            page.locator("html[data-wb-ready='1']").wait_for(state="attached")
            for name in SHOWN:
                page.locator(f"[data-wb-view={name}]").screenshot(path=HERE / f"{name}-{scheme}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main()

"""The contact sheet as a test sees it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

from tests.browser.tab import READ_NUMBER, Tab

VISIBLE_NUMBER = f"""async (cell) => {{
  const canvas = [...cell.querySelectorAll('canvas')].filter((each) => !each.hidden).at(-1);
  if (canvas) return ({READ_NUMBER})(canvas);
  // A background: the place of its part on the sheet is found as a browser finds it.
  const {{ backgroundImage, backgroundSize, backgroundPosition }} =
    getComputedStyle(cell.querySelector('.picture'));
  const sheet = new Image();
  sheet.src = JSON.parse(backgroundImage.slice('url('.length, -1));
  await sheet.decode();
  const shares = (text) => text.split(' ').map((each) => parseFloat(each) / 100);
  const [across, down] = shares(backgroundSize);
  const [x, y] = shares(backgroundPosition);
  const [width, height] = [sheet.width / across, sheet.height / down];
  const [left, top] = [x * (sheet.width - width), y * (sheet.height - height)];
  const copy = document.createElement('canvas');
  Object.assign(copy, {{ width, height }});
  copy.getContext('2d').drawImage(sheet, left, top, width, height, 0, 0, width, height);
  return ({READ_NUMBER})(copy);
}}"""
"""JavaScript: the number burnt into the picture that is to be seen in a cell."""


class SheetTab(Tab):
    def __init__(self, page: Page, url: str, search: str = "") -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{url}/sheet{search}")

    def shows(self, *starts: int) -> None:
        """Waits until exactly the clips that start at these frames are shown, in this order."""
        shown = "heaters.queue.clips.map((clip) => clip.start_frame).join()"
        self.until(f"heaters.queue.loaded && {shown} === '{','.join(map(str, starts))}'")
        self.until(f"document.querySelectorAll('.cell').length === {len(starts)}")

    def marked(self) -> list[int]:
        """The first frames of the marked clips."""
        return self._starts("[aria-selected=true]")

    def focused(self) -> int:
        (start,) = self._starts(".is-focus")
        return start

    def _starts(self, which: str) -> list[int]:
        self.page.evaluate("() => new Promise(requestAnimationFrame)")
        return list(
            self.page.evaluate(
                """(which) => [...document.querySelectorAll(`.cell${which}`)].map((cell) => {
                  const id = Number(cell.id.slice('clip-'.length));
                  return heaters.queue.clips.find((clip) => clip.id === id).start_frame;
                })""",
                which,
            )
        )

    def cell(self, start: int) -> Locator:
        at = self.page.evaluate(
            "(start) => heaters.queue.clips.findIndex((clip) => clip.start_frame === start)", start
        )
        return self.page.locator(".cell").nth(at)

    def picture(self, start: int) -> int:
        """The number of the frame that a cell shows, once it shows one."""
        cell = self.cell(start)
        name = cell.get_attribute("id")
        self.until(f"document.querySelector('#{name} .picture').dataset.frame !== undefined")
        return int(cell.evaluate(VISIBLE_NUMBER))

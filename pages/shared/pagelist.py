"""The pages: their names, stages, icons and the question each answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class PageInfo:
    """One page of the app; `key` is also its URL and the prefix of its widgets' keys."""

    key: str
    stage: str
    title: str
    icon: str
    script: str
    question: str

    @property
    def ready(self) -> bool:
        """Whether the page's script is there; pages that are not are left out of the navigation and of links."""
        return (ROOT / self.script).exists()


PAGES: dict[str, PageInfo] = {
    page.key: page
    for page in (
        PageInfo(
            "projects",
            "Home",
            "Projects",
            ":material/folder_open:",
            "pages/projects/page.py",
            "Where was I? What can I try?",
        ),
        PageInfo(
            "upload",
            "Data",
            "Upload",
            ":material/upload_file:",
            "pages/upload/page.py",
            "What did I bring, and was it read right?",
        ),
        PageInfo(
            "explore",
            "Data",
            "Explore",
            ":material/search:",
            "pages/explore/page.py",
            "What is in it, and what is wrong with it?",
        ),
        PageInfo(
            "clean",
            "Data",
            "Clean",
            ":material/cleaning_services:",
            "pages/clean/page.py",
            "What shall be done about it, and what does each step do?",
        ),
        PageInfo(
            "compare",
            "Model",
            "Compare",
            ":material/leaderboard:",
            "pages/compare/page.py",
            "Which model is best, how sure is that, and how long will it take?",
        ),
        PageInfo(
            "tune",
            "Model",
            "Tune",
            ":material/tune:",
            "pages/tune/page.py",
            "Can it be better, and was it worth it?",
        ),
        PageInfo(
            "explain",
            "Model",
            "Inspect",
            ":material/query_stats:",
            "pages/explain/page.py",
            "How good is it on rows it never saw, and which columns does it look at?",
        ),
        PageInfo(
            "whatif",
            "Model",
            "What-if",
            ":material/psychology_alt:",
            "pages/whatif/page.py",
            "Why did it say that about one row, and what would change it?",
        ),
        PageInfo(
            "predict",
            "Model",
            "Predict",
            ":material/online_prediction:",
            "pages/predict/page.py",
            "What about these rows?",
        ),
        PageInfo(
            "models",
            "Operate",
            "Models",
            ":material/deployed_code:",
            "pages/models/page.py",
            "Which version is in use, and what came before?",
        ),
        PageInfo(
            "drift",
            "Operate",
            "Drift",
            ":material/compare_arrows:",
            "pages/drift/page.py",
            "Does new data still look like what it learned from, and does it matter?",
        ),
        PageInfo(
            "monitor",
            "Operate",
            "Monitor",
            ":material/monitor_heart:",
            "pages/monitor/page.py",
            "How is it doing?",
        ),
        PageInfo(
            "automate",
            "Operate",
            "Automate",
            ":material/autorenew:",
            "pages/automate/page.py",
            "Who does all this when I am away?",
        ),
        PageInfo(
            "activity",
            "Operate",
            "Activity",
            ":material/history:",
            "pages/activity/page.py",
            "Who did what, and when?",
        ),
        PageInfo(
            "settings",
            "Operate",
            "Settings",
            ":material/settings:",
            "pages/settings/page.py",
            "How much may be taken, what can go, and where is the backup?",
        ),
    )
}

"""Upload: what did I bring, and was it read right?"""

from pages.shared import guards, layout

layout.header("upload")
guards.require_project()

"""Projects: where was I, what can I try?"""

from pages.shared import layout

layout.header("projects")

"""What each step did to a quick model's score, beside the score without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import caches, errors, jobs, people, state

if TYPE_CHECKING:
    from automl_core.cleaning.recipe import Recipe
    from automl_core.data.dataset import Dataset
    from automl_core.search.ablation import Ablation
    from automl_core.workspace import ProjectFolder


def draw(project: ProjectFolder, data: Dataset, recipe: Recipe) -> None:
    """Draw the target, the button, and what was found for exactly this recipe."""
    from automl_core.cleaning.apply import apply_stateless

    st.caption(
        "A linear model and a small boosted one are fitted with the recipe as it is, and once without each step, on the same "
        "folds. Differences within chance are called so."
    )
    looked = caches.looked(data)
    cleaned = apply_stateless(looked, data.schema, recipe, training=True)
    names = cleaned.schema.names
    known = str(state.draft(f"target_{data.id}", ""))
    target = st.selectbox(
        "Column to predict",
        names,
        names.index(known) if known in names else None,
        key="clean_effect_target",
        help="Scores need something to predict.",
    )
    if target is None:
        return
    with errors.shown():
        from automl_core.proposals import propose

        config = propose(cleaned.frame, cleaned.schema, target, uploaded=(looked, data.schema)).config
        params = {"dataset": data.id, "fingerprint": data.fingerprint, "recipe": recipe.to_dict(), "config": config.to_dict()}
        found = jobs.find(project, "ablation", params)
        if found is None:
            if st.button(
                "Measure every step",
                key="clean_effect_start",
                icon=":material/science:",
                **people.changing("Runs in the background; up to 20,000 rows are looked at."),
            ):
                jobs.start(project, "ablation", params)
                st.rerun()
            return
        jobs.panel(project, found.name, key=f"clean_effect_{found.name}")
        if (found / "ablation.json").exists():
            from automl_core.search.ablation import Ablation

            _draw_effects(Ablation.from_dict(caches.result(found / "ablation.json")))


def _draw_effects(found: Ablation) -> None:
    import pandas as pd

    from automl_core.metrics import METRICS
    from automl_core.search.ablation import MODELS

    label = METRICS[found.metric].label
    scores = ", ".join(f"{MODELS[name].lower()} {score:.4g}" for name, score in found.score.items())
    part = f" of {found.of:,}" if found.of > found.rows else ""
    st.markdown(f"**{label}** with every step: {scores}. {found.rows:,}{part} rows, {found.folds} folds.")
    table = pd.DataFrame(
        [
            {
                "Step": effect.title,
                "What it did": effect.sentence,
                **{MODELS[name]: f"{effect.difference[name]:+.3g} ± {effect.error[name]:.2g}" for name in effect.difference},
            }
            for effect in found.effects
        ]
    )
    wide = st.column_config.TextColumn(width="medium")
    short = {MODELS[name]: st.column_config.TextColumn(width="small") for name in found.score}
    st.dataframe(
        table,
        key="clean_effects",
        hide_index=True,
        column_config={"Step": wide, "What it did": wide, **short},
        alt="What each step did to the score",
    )
    st.caption("Below each model: how much the step raises the score, or lowers it where lower is better; ± one standard error.")

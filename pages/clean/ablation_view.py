"""What each step did to a quick model's score, beside the score without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import caches, errors, jobs, people, state

if TYPE_CHECKING:
    from collections.abc import Callable

    from automl_core.cleaning.recipe import Recipe
    from automl_core.data.dataset import Dataset
    from automl_core.search.ablation import Ablation
    from automl_core.workspace import ProjectFolder


def draw(project: ProjectFolder, data: Dataset, recipe: Recipe, use: Callable[[Recipe, str], None]) -> None:
    """Draw the target, the button, what was found for exactly this recipe, and the way to keep only what helps."""
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

            effects = Ablation.from_dict(caches.result(found / "ablation.json"))
            _draw_effects(effects)
            _switch_off(recipe, effects, found.name, use)


def _switch_off(recipe: Recipe, found: Ablation, key: str, use: Callable[[Recipe, str], None]) -> None:
    """Draw what switches steps off; those that hurt are chosen."""
    numbers = {step.id: number for number, step in enumerate(recipe, 1) if step.enabled}
    titles = {
        effect.step_id: f"{numbers[effect.step_id]}. {effect.title}" for effect in found.effects if effect.step_id in numbers
    }
    hurt = [effect.step_id for effect in found.effects if effect.verdict == "hurts" and effect.step_id in titles]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Steps to switch off", list(titles), hurt, format_func=titles.__getitem__, key=f"clean_effect_off_{key}",
            placeholder="None hurts", help="Those that lower the score are chosen. A step that is off stays in the recipe.",
        )  # fmt: skip
        clicked = st.button(
            "Switch them off", key=f"clean_effect_switch_{key}", icon=":material/toggle_off:",
            **people.changing("Can be undone.", disabled=not chosen),
        )  # fmt: skip
    if clicked:
        for step_id in chosen:
            recipe = recipe.switch(step_id, False)
        use(recipe, f"{len(chosen)} {'step is' if len(chosen) == 1 else 'steps are'} off. Undo brings them back.")


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

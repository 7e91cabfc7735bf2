"""How our pages look: small, readable in light and in dark, nothing from outside."""

from __future__ import annotations

_TABLES = """
.ks table { border-collapse: collapse; width: 100%; font-size: 13px; }
.ks th { text-align: left; color: var(--faint); font-weight: 600; }
.ks th, .ks td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; text-align: left; }
.ks .passed, .ks .same { color: var(--passed); } .ks .failed, .ks .differs { color: var(--failed); }
.ks .inconclusive, .ks .not-comparable { color: var(--inconclusive); }
.ks .outcome { font-weight: 600; white-space: nowrap; }
.ks .faint { color: var(--faint); }
"""

# A notebook has its own theme, which no media query tells: text takes its colour, the others suit both.
NOTEBOOK = (
    """
.ks { --faint: #7b8794; --line: #80808055; --passed: #2a9d63; --failed: #dd4b34; --inconclusive: #b7791f;
  color: inherit; font-size: 14px; line-height: 1.5; }
.ks table { color: inherit; margin: 4px 0; }
"""
    + _TABLES
)

PAGE = (
    """
.ks { --ink: #1b2733; --faint: #5c6b7a; --line: #d5dce3; --paper: #ffffff; --card: #f6f8fa;
  --passed: #1a7f4b; --failed: #c0341d; --inconclusive: #8a5d00; color: var(--ink);
  font: 14px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
html { background: #ffffff; }
@media (prefers-color-scheme: dark) {
  .ks { --ink: #e4e9ee; --faint: #9aa9b7; --line: #36424e; --paper: #12181e; --card: #1a222a;
    --passed: #5ccf92; --failed: #ff8a75; --inconclusive: #e3b341; }
  html { background: #12181e; }
}
body { margin: 0; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 24px; margin: 0 0 2px; } h2 { font-size: 16px; margin: 36px 0 8px; }
p { margin: 4px 0; }
.banner { border: 1px solid var(--line); border-left: 6px solid currentColor; background: var(--card);
  border-radius: 6px; padding: 10px 16px; margin: 18px 0 8px; font-size: 16px; }
.banner span + span { color: var(--faint); font-size: 13px; font-weight: 400; }
/* Figures are drawn for paper: they keep it in the dark, too. */
figure { margin: 0; background: #ffffff; border: 1px solid var(--line); border-radius: 8px; padding: 8px;
  overflow-x: auto; }
figure svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figcaption { color: #5c6b7a; font-size: 12px; padding: 2px 8px; }
details { margin-top: 4px; } summary { cursor: pointer; color: var(--faint); font-size: 12px; }
.scroll { overflow-x: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 20px; margin: 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
td { overflow-wrap: break-word; }
"""
    + _TABLES
)

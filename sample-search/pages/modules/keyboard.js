// Keys that work anywhere but in a text field or a dialog.

/** @param actions by key; one that returns false leaves the key alone */
export function shortcuts(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    if (target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    const action = actions[event.key];
    if (action && action() !== false) event.preventDefault();
  });
}

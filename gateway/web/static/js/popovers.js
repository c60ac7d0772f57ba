// What opens from within something that opened: browsers give the focus back to the first one's button alone
// (https://html.spec.whatwg.org/multipage/popover.html#show-popover, step on shouldRestoreFocus).

/** Give the focus back to the button of whatever closed with it. */
export function returnFocus() {
  document.addEventListener("toggle", ({ target, newState }) => {
    const { activeElement, body } = document;
    if (newState !== "closed" || (activeElement !== body && !target.contains(activeElement))) return;
    const buttons = [...document.querySelectorAll(`[popovertarget="${CSS.escape(target.id)}"]`)];
    buttons.find((each) => each.checkVisibility() && !target.contains(each))?.focus();
  }, true);
}

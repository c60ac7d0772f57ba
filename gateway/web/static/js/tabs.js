// Tabs of one browser share its session: a page whose person is no longer the one signed in says so.

/** Tell the others who is signed in, and call `changed` once it is somebody else. */
export function watchTabs(page, changed) {
  const channel = new BroadcastChannel(`rolekey ${page.root}`);
  channel.addEventListener("message", ({ data }) => {
    if (data.me !== page.me) changed();
  });
  // The page for signing in is nobody's: whoever looks at it may still be signed in.
  if (page.me) channel.postMessage({ me: page.me });
}

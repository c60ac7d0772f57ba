// Server-sent events from the body of a response, which a POST needs: EventSource can only GET.

/** Yields `{name, data}` of each event. */
export async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let open = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    open += value;
    const frames = open.split("\n\n");
    open = frames.pop();
    for (const frame of frames) {
      const name = /^event: (.*)$/m.exec(frame)?.[1];
      if (name) yield { name, data: JSON.parse(/^data: (.*)$/m.exec(frame)[1]) };
    }
  }
}

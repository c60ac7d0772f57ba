/** Makes addresses of files loadable, and all others undefined: the page asks no host but the playground. */
export function mediaFrom(base, token, cdnUrl) {
  return (url) => {
    if (!url || !URL.canParse(url, base)) return undefined;
    const address = new URL(url, base);
    const ours = [new URL(base).origin, cdnUrl && URL.canParse(cdnUrl) ? new URL(cdnUrl).origin : ""];
    if (!ours.includes(address.origin)) return undefined;
    address.searchParams.set("t", token);
    return address.href;
  };
}

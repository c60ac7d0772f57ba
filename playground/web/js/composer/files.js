// Files a member adds: read in the browser, sent as base64.

const LARGEST = 10 * 1024 * 1024; // Discord's own limit without Nitro, in bytes

/** A file as the playground takes it. Rejects with words where it is too large. */
export async function readFile(file) {
  if (file.size > LARGEST) throw new Error(`“${file.name}” is larger than 10 MB. Choose a smaller file.`);
  const url = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error(`“${file.name}” cannot be read.`));
    reader.readAsDataURL(file);
  });
  return { filename: file.name, content_type: file.type || "application/octet-stream", data_base64: url.slice(url.indexOf(",") + 1) };
}

/** Requests with upload progress, which fetch does not offer. */

/** @type {import('./upload.js').Means['send']} */
export const send = (method, url, { headers, body, signal, onprogress }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (onprogress) request.upload.onprogress = (event) => onprogress(event.loaded);
    request.onload = () =>
      resolve({
        status: request.status,
        header: (name) => request.getResponseHeader(name),
        detail: request.status < 300 ? '' : errorIn(request.responseText),
      });
    request.onerror = () => reject(new Error('No connection to the server.'));
    request.onabort = () => reject(new Error('Stopped.'));
    signal?.addEventListener('abort', () => request.abort());
    if (signal?.aborted) reject(new Error('Stopped.'));
    else request.send(body);
  });

/** @param {string} body */
function errorIn(body) {
  try {
    return JSON.parse(body).detail ?? '';
  } catch {
    return '';
  }
}

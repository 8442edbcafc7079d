/** A `fetch` that reports how much of its body was sent, from 0 to 1; the browser's own does not. */
export function fetchTelling(onProgress) {
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded, total }) => total && onProgress(loaded / total);
      request.onload = () => resolve(answerOf(request));
      request.onerror = request.onabort = () => reject(new TypeError("network"));
      if (signal?.aborted) return request.onabort();
      signal?.addEventListener("abort", () => request.abort());
      request.send(body);
    });
}

function answerOf(request) {
  const { status, responseText } = request;
  const retry_after = request.getResponseHeader("Retry-After");
  const headers = retry_after ? { "Retry-After": retry_after } : {};
  return new Response(responseText || null, { status, headers });
}

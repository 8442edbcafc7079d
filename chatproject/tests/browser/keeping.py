"""All that a browser keeps for a page, to look for what it must not."""

from playwright.sync_api import Page

KEPT = """
async () => {
  const texts = [JSON.stringify(Object.entries(localStorage)), JSON.stringify(Object.entries(sessionStorage))];
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    for (const store of database.objectStoreNames) {
      const request = database.transaction(store).objectStore(store).getAll();
      const rows = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
      texts.push(JSON.stringify(rows));
    }
    database.close();
  }
  for (const name of await caches.keys())
    for (const { url } of await (await caches.open(name)).keys()) texts.push(url);
  return texts.join("\\n");
}
"""


def kept(page: Page) -> str:
    """All that the browser keeps for the page."""
    return page.evaluate(KEPT)

/**
 * Fetches one page while the consumer works on the one before. A consumer that stops early does not wait for the page
 * that is under way; it is dropped when it arrives.
 */
export async function* onePageAhead<Page>(
  pages: AsyncGenerator<Page, void, undefined>,
): AsyncGenerator<Page, void, undefined> {
  try {
    let next = pages.next();
    for (;;) {
      const result = await next;
      if (result.done === true) return;
      next = pages.next();
      // Thrown when it is waited for, if ever.
      next.catch(() => {});
      yield result.value;
    }
  } finally {
    pages.return().catch(() => {});
  }
}

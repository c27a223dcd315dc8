/**
 * Hands out what arrives in pages one by one. A plain iterator: the turns of a generator would cost a load as much as
 * decoding its events.
 */
export function oneByOne<T extends object>(
  pages: AsyncGenerator<readonly T[], void, undefined>,
): AsyncIterableIterator<T, undefined, undefined> {
  let page: readonly T[] = [];
  let index = 0;
  let waiting = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const take = async (): Promise<IteratorResult<T, undefined>> => {
    for (;;) {
      const value = page[index];
      index += 1;
      if (value !== undefined) return { value, done: false };
      const result = await pages.next();
      if (result.done === true) return { value: undefined, done: true };
      page = result.value;
      index = 0;
    }
  };
  return {
    next: () => {
      const value = page[index];
      if (waiting === 0 && value !== undefined) {
        index += 1;
        return Promise.resolve({ value, done: false });
      }
      // Calls that overlap take their turns.
      waiting += 1;
      const result = turn.then(take).finally(() => {
        waiting -= 1;
      });
      turn = result.catch(() => {});
      return result;
    },
    return: async () => {
      page = [];
      await pages.return();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

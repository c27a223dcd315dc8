/** Runs the tasks of one subject one after the other, those of different subjects side by side. */
export function createSubjectQueue(): <T>(subject: string, task: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>();

  return async (subject, task) => {
    const before = tails.get(subject) ?? Promise.resolve();
    // The one before reports its failure to its own caller.
    const result = before.then(task, task);
    tails.set(subject, result);
    try {
      return await result;
    } finally {
      if (tails.get(subject) === result) tails.delete(subject);
    }
  };
}

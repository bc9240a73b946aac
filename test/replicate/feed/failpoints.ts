/** Where a feed may be killed; each is in crash.test.ts here. */
export const whileFeeding = ['feed.before-write', 'feed.after-write', 'feed.after-position'];

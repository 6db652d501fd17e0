/** Keeps changed contacts and hands them on in batches. Runs on every node. */
const defaultEveryMs = 30_000;

const sync = (desk) => {
  desk.synced += desk.changed.size;
  desk.changed.clear();
};

export const app = {
  construct: () => ({ changed: new Map(), synced: 0, timer: undefined }),

  onEnable: ({ instance, settings }) => {
    instance.timer = setInterval(() => sync(instance), settings.everyMs ?? defaultEveryMs);
    instance.timer.unref();
  },

  onDisable: ({ instance }) => {
    clearInterval(instance.timer);
    sync(instance);
  },

  handlers: {
    "POST /contacts": (contact, { instance }) => {
      instance.changed.set(contact.id, contact);
      return { waiting: instance.changed.size };
    },
  },
};

/** Queues mail for one SMTP server. Is not enabled before the setting `smtpUrl` is there. */
export const app = {
  construct: ({ settings }) => ({ server: settings.smtpUrl, queue: [] }),

  // Takes another server while it runs: what is queued stays.
  onSettingsChanged: ({ instance, settings }) => {
    instance.server = settings.smtpUrl;
  },

  onDisable: ({ instance }) => {
    instance.queue.length = 0;
  },

  handlers: {
    "POST /mail": (mail, { instance }) => instance.queue.push(mail),
  },
};

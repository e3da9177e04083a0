package dev.heddle.gateway.connection;

/** The app that a page talks to, and what the page runs. */
final class HeddleJsApp {
  private HeddleJsApp() {}

  static final String YAML =
      """
      name: echo
      routes:
        leave: {function: leave}
        $connect: {function: hello}
        $disconnect: {function: goodbye}
        $default: {function: echo}
      limits: {message: 32KiB}
      channels:
        "room.*": {subscribe: true, publish: true, presence: true}
      """;

  /** Connects, and notes what happens, in a page. */
  static final String SCRIPT =
      """
      async ([url, options]) => {
        const { connect } = await import("/heddle.js");
        const connection = connect(url, options);
        window.connection = connection;
        window.log = [];
        window.sent = [];
        for (const type of ["open", "message", "reconnecting", "recovered", "lost", "close"])
          connection.addEventListener(type, (event) => {
            const { data, offset, transport, code, reason } = event;
            const plain = data instanceof Uint8Array ? [...data] : data;
            log.push({ type, data: plain, offset, transport, code, reason });
          });
        window.say = (from, to) => {
          for (let i = from; i < to; i++)
            connection.send(`m${i}`).then(
              () => sent.push(i),
              (error) => sent.push(`${i}: ${error.code}`),
            );
        };
      }
      """;
}

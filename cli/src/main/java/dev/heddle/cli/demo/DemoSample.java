package dev.heddle.cli.demo;

/** Which sample application the demo runs. */
enum DemoSample {
  /** A search over a corpus. */
  SEARCH("search", 1, 3, 8, ".heddle"),

  /** A chat between two gateways. */
  CHAT("chat", 2, 1, 1, ".heddle-chat");

  private final String app;
  private final int gateways;
  private final int leaves;
  private final int shards;
  private final String data;

  DemoSample(String app, int gateways, int leaves, int shards, String data) {
    this.app = app;
    this.gateways = gateways;
    this.leaves = leaves;
    this.shards = shards;
    this.data = data;
  }

  /** Name of its app. */
  String app() {
    return app;
  }

  /** Its folder in the checkout. */
  String folder() {
    return "sample-" + app;
  }

  int gateways() {
    return gateways;
  }

  /** Leaf processes, unless somebody says otherwise. */
  int leaves() {
    return leaves;
  }

  /** Shards of its dataset, unless somebody says otherwise. */
  int shards() {
    return shards;
  }

  /** Where the demo keeps everything, in the checkout, unless somebody says otherwise. */
  String data() {
    return data;
  }
}

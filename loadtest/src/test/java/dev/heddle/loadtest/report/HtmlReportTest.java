package dev.heddle.loadtest.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.testing.SampleReport;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

class HtmlReportTest {
  /** The page is also well-formed XML, which is checked more strictly than HTML. */
  private static Document parsed(String page) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(page)));
  }

  private static List<Element> all(Document page, String name) {
    var elements = page.getElementsByTagName(name);
    var all = new ArrayList<Element>();
    for (int i = 0; i < elements.getLength(); i++) {
      all.add((Element) elements.item(i));
    }
    return all;
  }

  private static List<String> texts(Document page, String name) {
    return all(page, name).stream().map(Element::getTextContent).toList();
  }

  @Test
  void isWellFormedAndNeedsNothingFromElsewhere() throws Exception {
    var html = HtmlReport.of(SampleReport.whole());

    var page = parsed(html);

    for (var name : List.of("script", "link", "img", "iframe", "object", "b")) {
      assertEquals(List.of(), all(page, name), name);
    }
    assertFalse(html.replace("http://www.w3.org/2000/svg", "").contains("://"), "refers elsewhere");
    assertFalse(html.contains("url("), "refers elsewhere");
  }

  @Test
  void showsEveryPlotWithATitleAndEveryFigureInATable() throws Exception {
    var page = parsed(HtmlReport.of(SampleReport.whole()));

    assertEquals(
        List.of(
            "Heddle benchmarks, 2026-02-03T04:05:06Z",
            "Goodput by offered load",
            "Latency by percentile",
            "Share of operations that took no longer",
            "Completions over time, last run"),
        texts(page, "title"));
    assertEquals(4, all(page, "svg").size());
    var cells = texts(page, "td");
    for (var name :
        List.of("java, run 1", "wasm, run 3", "peer <Google's> & \"framework\", run 2")) {
      assertTrue(cells.contains(name), name);
    }
    assertTrue(cells.contains("5000"));
    assertTrue(cells.contains("8000"), "points of curves");
    var facts = texts(page, "dd");
    assertTrue(facts.contains("bench invoke --out x"), facts::toString);
    assertTrue(facts.contains("0123456789abcdef0123456789abcdef01234567"), facts::toString);
    assertTrue(facts.contains("java 25.0.3"), facts::toString);
  }

  @Test
  void saysWhatFailedWhatWasMissedAndWhatWasInTheWay() throws Exception {
    var page = parsed(HtmlReport.of(SampleReport.whole()));

    var points = texts(page, "li");
    assertTrue(points.contains("lost 3 writes & more"), points::toString);
    assertTrue(points.contains("javaP50Millis: 0.180 (goal: at most 0.400)"), points::toString);
    assertTrue(points.contains("wasmP50Millis: 0.230 (goal: at most 0.200)"), points::toString);
    assertTrue(
        points.contains("the machine was late: it woke a sleeping thread 4.0 ms late at p99"),
        points::toString);
    assertTrue(points.contains("invoke: 1 of 2 goals missed"), points::toString);
    assertTrue(points.contains("chaos: failed"), points::toString);
    assertNotNull(page.getDocumentElement());
  }
}

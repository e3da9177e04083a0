package dev.heddle.loadtest.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.testing.SampleReport;
import java.io.StringReader;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

class SvgFiguresTest {
  private static Element parsed(String svg) throws Exception {
    var factory = DocumentBuilderFactory.newInstance();
    factory.setNamespaceAware(true);
    return factory
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)))
        .getDocumentElement();
  }

  @Test
  void everyPlotOfAnExperimentThatDidNotFailIsAFileWithItsTitleInTheName() {
    assertEquals(
        List.of(
            "invoke-1-goodput-by-offered-load.svg",
            "invoke-2-latency-by-percentile.svg",
            "invoke-3-share-of-operations-that-took-no-longer.svg",
            "invoke-4-completions-over-time-last-run.svg"),
        List.copyOf(SvgFigures.of(SampleReport.whole()).keySet()));
  }

  @Test
  void aFileIsWellFormedAndNeedsNothingFromElsewhere() throws Exception {
    for (var svg : SvgFigures.of(SampleReport.whole()).values()) {
      var root = parsed(svg);
      assertEquals("svg", root.getLocalName());
      assertEquals("http://www.w3.org/2000/svg", root.getNamespaceURI());
      assertFalse(
          svg.replace("http://www.w3.org/2000/svg", "").contains("://"), "refers elsewhere");
      for (var name : List.of("script", "style", "image", "use", "foreignObject")) {
        assertEquals(0, root.getElementsByTagNameNS("*", name).getLength(), name);
      }
    }
  }

  @Test
  void aFileHasABackgroundBelowEverythingElseForPagesThatAreDark() throws Exception {
    for (var svg : SvgFigures.of(SampleReport.whole()).values()) {
      var root = parsed(svg);
      var background = (Element) root.getElementsByTagNameNS("*", "rect").item(0);
      assertEquals("100%", background.getAttribute("width"));
      assertEquals("100%", background.getAttribute("height"));
      assertEquals("#fff", background.getAttribute("fill"));
      assertTrue(svg.indexOf("<rect") < svg.indexOf("<path"), "beneath the lines");
      assertTrue(svg.indexOf("<rect") < svg.indexOf("<text"), "beneath the words");
    }
  }

  @Test
  void aFileSaysWhatItShowsAndWhereThatWasMeasured() throws Exception {
    var figures = SvgFigures.of(SampleReport.whole());
    var root = parsed(figures.values().iterator().next());
    assertEquals(
        "Goodput by offered load",
        root.getElementsByTagNameNS("*", "title").item(0).getTextContent());
    var description = root.getElementsByTagNameNS("*", "desc").item(0).getTextContent();
    assertTrue(description.startsWith("invoke: "), description);
    assertTrue(description.contains("2026-02-03T"), description);
  }
}

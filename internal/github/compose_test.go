package github_test

import (
	"testing"

	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/github/githubtest"
)

func TestOneSectionAloneIsAllThatIsSeen(t *testing.T) {
	gh := start(t, githubtest.Options{})
	publishAll(t, gh, of(100, 1, section("build", "**It lost the cache.**\n\n| a |\n|--|")))
	if got := visible(theOne(t, gh)); got != "**It lost the cache.**\n\n| a |\n|--|" {
		t.Errorf("seen is %q", got)
	}
}

func TestOneLegAloneIsNamed(t *testing.T) {
	gh := start(t, githubtest.Options{})
	leg := of(100, 1, section("leg", "**It lost the cache.**"))
	leg.Titled = true
	publishAll(t, gh, leg)
	if got := visible(theOne(t, gh)); got != "#### `leg`\n\n**It lost the cache.**" {
		t.Errorf("seen is %q", got)
	}
	if res := publishAll(t, gh, leg); res.Did != github.Unchanged {
		t.Errorf("the same again: %+v", res)
	}
}

func TestSectionsStandByCost(t *testing.T) {
	gh := start(t, githubtest.Options{})
	publishAll(t, gh,
		of(100, 1, costing(section("cheap", "It lost little."), 1.26)),
		of(100, 1, inState(section("green", "All hit."), github.Quiet)),
		of(100, 1, costing(section("dear", "It lost much."), 70)),
		of(100, 1, costing(section("dearest", "It lost most."), 2*3600)),
		of(100, 1, costing(inState(section("red", "It failed."), github.Failed), 0)),
	)
	want := "**1 build failed; 3 builds lost 2h01m to cache misses.**\n\n" +
		"#### `red`\n\nIt failed.\n\n" +
		"#### `dearest`\n\n<details>\n<summary>Lost 2h00m</summary>\n\nIt lost most.\n\n</details>\n\n" +
		"#### `dear`\n\n<details>\n<summary>Lost 1m10s</summary>\n\nIt lost much.\n\n</details>\n\n" +
		"#### `cheap`\n\n<details>\n<summary>Lost 1.3 s</summary>\n\nIt lost little.\n\n</details>\n\n" +
		"<details>\n<summary>1 build lost nothing</summary>\n\n#### `green`\n\nAll hit.\n\n</details>"
	if got := visible(theOne(t, gh)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

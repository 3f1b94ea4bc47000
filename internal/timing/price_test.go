package timing

import (
	"math"
	"strings"
	"testing"
)

func TestParsePrice(t *testing.T) {
	for text, want := range map[string]Price{
		"0.008": {0.008, "USD"}, "0.008USD": {0.008, "USD"}, "0.008 EUR": {0.008, "EUR"}, "$0.008": {0.008, "USD"},
		"€1": {1, "EUR"}, "£.5": {0.5, "GBP"}, " 2. chf ": {2, "CHF"}, "0": {0, "USD"}, "10000": {10000, "USD"},
	} {
		if got, err := ParsePrice(text); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", " ", ".", "$", "USD", "-1", "-$1", "+1", "NaN", "Inf", "1e3", "0x1p4", "0,008", "1 2", "1US", "1USDX", "1 ₿",
		"$1EUR", "10000.01", "99999999999999999999", "one", strings.Repeat("9", 1000),
	} {
		if got, err := ParsePrice(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		} else if err != nil && len(err.Error()) > 100 {
			t.Errorf("the error about %.20q is long: %s", text, err)
		}
	}
}

func FuzzParsePrice(f *testing.F) {
	f.Add("0.008 EUR")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePrice(text)
		if err != nil {
			return
		}
		if !(p.PerMinute >= 0 && p.PerMinute <= MaxPrice) || len(p.Currency) != 3 || !p.Given() || strings.ToUpper(p.Currency) != p.Currency {
			t.Errorf("%q gives %v", text, p)
		}
	})
}

func TestPriceOfSeconds(t *testing.T) {
	if got := (Price{0.006, "USD"}).Of(50); math.Abs(got-0.005) > 1e-12 {
		t.Errorf("50 s at 0.006 a minute cost %g", got)
	}
}

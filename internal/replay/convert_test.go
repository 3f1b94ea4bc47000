package replay

import "testing"

// TestConvert takes what Dockerfiles can hold, and what records strike out of them.
func TestConvert(t *testing.T) {
	for _, c := range []struct {
		text  string
		steps int
	}{
		{"FROM a\nADD https://***@example.com/x.tar?token=*** /x\n", 1},
		{"FROM a\nADD https://***@example.com/x.git#main /x\n", 1},
		{"FROM a\nARG BUILDPLATFORM\nARG TARGETARCH\nRUN make $TARGETARCH\n", 1},
		{"FROM --platform=$BUILDPLATFORM a AS x\nRUN make\nFROM a\nCOPY --from=x / /\n", 2},
		{"FROM a\nADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/x /x\nADD git@example.com:x/y.git /z\n", 2},
		{"# check=error=true\nFROM a as b\nrun x\n", 1},
		{"# syntax=example.com/other:1\nFROM a\nRUN x\n", 1},
		{"# escape=`\r\nFROM a\r\nCOPY a `\r\n b /x/\r\n", 1},
		{"FROM a\nRUN --security=insecure --network=none --mount=type=secret,id=a,env=B --mount=type=ssh --mount=type=tmpfs,target=/t x\n", 1},
		{"FROM a\nSHELL [\"/bin/bash\",\"-c\"]\nRUN x\nWORKDIR a\nUSER x\nWORKDIR b\nEXPOSE 80\nVOLUME /x\n", 3},
		{"FROM scratch\nCMD x\n", 0},
		{"FROM scratch AS a\nFROM a\n", 0},
		{"FROM a\nCOPY --from=example.com/tools /bin/x /x\nRUN <<EOF\nx\nEOF\n", 2},
	} {
		p, err := newPlan(recipeText{text: c.text}, []string{"COMMIT"})
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if len(p.Steps) != c.steps {
			t.Errorf("%q has the steps %+v, want %d", c.text, p.Steps, c.steps)
		}
	}
	for _, text := range []string{"", "FROM\n", "FROM a\nBOGUS\n", "RUN x\n", "FROM a\nCOPY --from=5 / /\n", "FROM ${X}\n"} {
		if p, err := newPlan(recipeText{text: text}, nil); err == nil {
			t.Errorf("%q is converted: %+v", text, p.Steps)
		}
	}
}

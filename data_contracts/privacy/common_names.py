"""Given and family names that are common in German and English speaking countries.

Belongs here: the words by which a column of names is recognised (a fraction of a name column is enough).
Does not belong here: any name of a person in the data.
"""

from __future__ import annotations

_GIVEN = """
aaron abigail adam adrian ahmed aisha alan albert alex alexander alexandra alfred ali alice alina amanda amelia amy
andrea andreas andrew angela angelika anja anke ann anna anne annette anthony anton arthur ashley astrid ayse barbara
beate ben benjamin bernd bernhard betty birgit brandon brenda brian brigitte bruno carl carla carmen carol caroline
catherine charles charlie charlotte chloe christa christian christiane christina christine christoph christopher
claire clara claudia cornelia craig cynthia daisy daniel daniela david deborah dennis diana dieter dirk dominik donald
donna doris dorothy dylan edward elena eli elias elif elisabeth elizabeth ella ellen emil emilia emily emma eric erik
erika ernst esther ethan eva evelyn fatima felix finn florian frances frank franz franziska frederick freya friedrich
fritz gabriel gabriele gareth gary georg george gerald gerd gerda gerhard gisela grace graham gregory greta guido
günter günther hannah hannes hans harald harriet harry hassan heather heidi heike heinrich heinz helen helena helga
helmut henry herbert hermann holger horst hugo ian ibrahim ida ines ingrid irene isaac isabel isabella isla ivy jack
jacob jakob james jamie jan jana jane janet jasmin jason jayden jean jeffrey jennifer jens jessica joachim joan joanna
joanne johann johanna johannes john jonas jonathan josef joseph joshua jost joyce judith julia julian julie justin
jörg jürgen kai karen karin karl karolina katharina katherine kathleen kathrin katie katja kelly kenneth kerstin kevin
kim kimberly klara klaus kurt kyle lara larry lars laura lauren lea lena leo leon leonie liam lily lina linda lisa
logan louis louisa louise luca lucas lucy luisa lukas luke lydia maja manfred manuel manuela marc marcel marco marcus
margaret maria marie marina mario marion mark markus marlene martha martin martina mary mathilda matthew matthias max
maximilian maya mehmet melanie melissa mia michael michaela michelle miriam mohamed mohammed monika moritz muhammad
mustafa nadine nancy natalie nathan neil nicholas nico nicole niklas nina noah nora norbert oliver olivia oscar oskar
otto pamela patricia patrick paul paula pauline peter petra philip philipp phoebe rachel rainer ralf ralph raymond
rebecca regina reinhard renate richard rita robert robin roger roland rolf ronald rosa rosie roy ruth ryan rüdiger
sabine sabrina samantha samuel sandra sara sarah scott sean sebastian selina sharon shirley silke silvia simon simone
sofia sonja sophia sophie stefan stefanie stephan stephanie stephen steven stuart susan susanne sven sylvia tanja
teresa theo theodor theresa thomas tim timothy tina tobias tom tyler udo ulrich ulrike ursula ute uwe valentin vanessa
vera verena victoria viktoria vincent virginia walter waltraud werner wilhelm william wolfgang yasmin yusuf yvonne zoe
"""
_FAMILY = """
adams albrecht ali allen anderson arnold bailey baker bauer baumann beck becker bell bennett berger bergmann brandt
braun brown busch böhm campbell carter chapman clark clarke collins cook cooper cox davies davis dietrich edwards
ellis engel evans fischer foster frank franke friedrich fuchs garcia graf gray green groß günther haas hahn hall
harris harrison hartmann heinrich herrmann hill hoffmann hofmann horn huber hughes hunt hussain jackson james johnson
jones jung jäger kaiser kaya keller kelly khan king klein knight koch kraus krause krämer krüger kuhn köhler könig
kühn lang lange lee lehmann lewis lopez lorenz ludwig maier marshall martin martinez mason matthews mayer meier meyer
miller mitchell moore morgan morris murphy murray möller müller neumann otto owen palmer parker patel peters pfeiffer
phillips pohl powell price richardson richter roberts robinson rogers roth russell sauer schmid schmidt schmitt
schmitz schneider scholz schreiber schröder schubert schulte schulz schulze schumacher schuster schwarz schäfer scott
seidel shaw simon simpson singh smith sommer stein stevens stewart taylor thomas thompson turner vogel vogt wagner
walker walter ward watson webb weber weiß werner white wilkinson williams wilson winkler winter wolf wolff wood wright
yilmaz young ziegler zimmermann
"""

GIVEN = frozenset(_GIVEN.split())
FAMILY = frozenset(_FAMILY.split())

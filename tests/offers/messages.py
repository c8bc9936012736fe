"""What people write to each other about offers: labelled, for the detector of ``neighbour/offers/scam.py``.

Written for this project, none copied. A third (by the hash of the text) is held out: nobody tunes on it, and the test reports
both figures.
"""

from __future__ import annotations

import hashlib

SCAM = """
Hallo, ist der Artikel noch da? Schreib mir bitte auf WhatsApp, ich bin hier selten. Ich überweise sofort vorab.
Guten Tag, ich kaufe es ohne Besichtigung. Mein Kurier holt es ab und bringt das Bargeld mit, Sie müssen nur die Versicherung vorstrecken.
Bitte klicken Sie auf den Link für die sichere Bezahlung, dann wird Ihnen das Geld gutgeschrieben: http://zahlung-sicher.example
Ich habe schon bezahlt! Du musst nur noch deine Kartendaten eingeben, um das Geld zu erhalten.
Kannst du mir zur Sicherheit den Code schicken, den du gleich per SMS bekommst?
Ich zahle mit PayPal Freunde und Familie, dann sparst du die Gebühren. Schick erst danach.
Ich bin gerade im Ausland, meine Spedition holt das Sofa ab. Du bezahlst den Transport vorher und bekommst es von mir zurück.
Könntest du mir einen Steam-Gutschein besorgen? Ich gebe dir das Geld beim Abholen doppelt zurück.
Die Bohrmaschine verschenke ich, aber die Versandkosten von 30 Euro bitte vorher per Western Union.
Schreiben Sie mir an meine private Mail, dort schicke ich Ihnen den Link zum sicheren Käuferschutz.
Ich habe dir mehr überwiesen als ausgemacht, schick den Rest bitte zurück an diese IBAN.
Gib mir deine Handynummer, dann sende ich dir einen Bestätigungscode, den liest du mir vor.
Der Fahrer kommt mit einem Umschlag. Vorher musst du nur ein Konto beim Kurierdienst anlegen und die Karte bestätigen.
Es gibt viele Interessenten. Wenn du 50 Euro anzahlst, reserviere ich dir die Waschmaschine.
Ich kann leider nicht telefonieren, bitte nur über Telegram. Die Kaution vorab per Überweisung, dann kommt der Schlüssel mit der Post.
Der Verkauf läuft über einen Treuhänder, Sie erhalten gleich eine Mail mit der Zahlungsanweisung.
Bitte kauf zwei Google-Play-Karten zu je 50 und schick mir ein Foto von den Nummern.
Ich möchte mit dem sicheren Bezahlen kaufen. Du bekommst einen Link, gib dort deine Bankdaten ein, dann ist das Geld da.
Meine Tochter holt es ab, ich bezahle mit Kreditkarte, schick mir dafür bitte Kartennummer und Ablaufdatum.
Hallo Nachbarin, ich sitze fest und brauche sofort 200 Euro, bitte als Paysafe-Karte, ich gebe es morgen wieder.
Ihr Konto muss noch verifiziert werden, damit ich zahlen kann. Öffnen Sie dazu diese Seite und melden Sie sich bei Ihrer Bank an.
Schick mir bitte ein Foto von deinem Personalausweis, sonst kann mein Kurier die Ware nicht annehmen.
Ich überweise per Echtzeit, sobald du mir die TAN nennst, die auf deinem Handy erscheint.
Ich nehme es sofort! Bezahlung über DHL-Abholservice, du bekommst gleich einen Link, auf dem du das Geld empfängst.
Lass uns auf WhatsApp weiterschreiben: 0151 2345678. Geld bitte vorab mit Freunde-Funktion.
Das Rad steht noch bei meinem Cousin in England. Zahle erst die Hälfte an, dann schickt er es los.
Wir sind eine Stiftung und spenden das Klavier. Nur die Transportkosten muss man im Voraus an die Spedition überweisen.
Bitte nicht hier schreiben, die App löscht Nachrichten. Meine Nummer ist 01523456789, ich sende dir dort den Zahlungslink.
Als Sicherheit behältst du eine Kaution ein, überweise sie bitte heute noch auf das Konto meines Anwalts.
Du hast eine Zahlung erhalten. Bestätige sie innerhalb von 30 Minuten unter diesem Link, sonst verfällt sie.
Ich schicke einen Scheck über 500 Euro, du ziehst den Preis ab und sendest den Rest an den Möbelpacker.
Kein Bargeld bitte, nur Krypto. Ich sende dir meine Wallet, nach der Zahlung kommt das Handy mit UPS.
Meine Bank verlangt, dass du vorher 1 Euro überweist, damit wir verbunden sind. Danach bekommst du den ganzen Betrag.
Ich bin Soldat im Auslandseinsatz und verkaufe deshalb günstig. Das Geld bitte per MoneyGram, das Auto kommt verschifft.
Sag mir den sechsstelligen Code aus der SMS, damit ich weiß, dass du echt bist.
Ich möchte das Kinderbett kaufen. Mein Kurierdienst ruft Sie an, bitte zahlen Sie die 80 Euro Versicherung, ich erstatte alles.
Hallo! Der Preis passt. Wie lautet Ihre E-Mail-Adresse? Das System schickt Ihnen dann die Bestätigung meiner Zahlung mit Link.
Kannst du bitte vorher zahlen? Ich hatte schon so viele, die nicht kamen. PayPal an Freunde reicht mir.
Ich reserviere die Wohnung für dich, wenn du eine Anzahlung von 300 Euro leistest. Besichtigung geht gerade nicht.
Bitte den Betrag als Amazon-Gutschein, den Code kannst du mir hier hineinschreiben.
Ich habe das Geld auf ein Treuhandkonto eingezahlt, sobald du die Sendungsnummer eingibst, wird es frei.
Kontaktieren Sie mich nur unter meiner Mailadresse kaeufer@mail.example, ich schicke einen Agenten mit dem Geld.
Über den Link unten kannst du die Zahlung abholen, deine Karte muss nur einmal bestätigt werden.
Der Kurier bringt das Bargeld im verschlossenen Umschlag. Er braucht vorher deine Bankverbindung und einen Code.
Ich bezahle alles inklusive Versand, bitte registriere dich bei diesem Paketdienst und gib die Daten deiner Karte an.
Damit du siehst, dass ich ehrlich bin: Ich schicke dir meinen Ausweis. Überweise dann vorab, ich sende morgen.
Hallo, ich bin nicht in der Stadt, aber mein Agent kommt. Der Betrag geht per Vorkasse an seine Firma.
Super, ich nehme zwei. Kannst du dich bei mir auf Telegram melden? Dort machen wir die Bezahlung mit Käuferschutz fertig.
Der Vermittler verlangt eine kleine Gebühr im Voraus, danach gehört das Fahrrad dir.
Bitte installiere kurz diese App, damit die Zahlung bei dir ankommt, und gib sie auf deinem Handy frei.
Ich kann nur heute, das Angebot gilt bis 18 Uhr. Zahl jetzt an, sonst bekommt es jemand anderes.
Deine Nummer bitte, ich schicke einen Verifizierungscode, das ist hier Pflicht für neue Nachbarn.
Für die Abholung brauche ich deine Kontonummer und die PIN deiner App, dann bucht mein Sohn es gleich.
Ich würde dir den Betrag gern als Gutscheinkarte geben. Schick du mir vorher den Rest als Guthabenkarte.
Wir wickeln das über den Nachbar-Bezahldienst ab, hier ist der Link: bezahlen-nachbar.example/k7
Ich kaufe es für meinen Neffen. Versand übernehme ich, nenn mir deine IBAN und deine Kreditkarte für die Rückerstattung.
Die Lieferung ist versichert. Sie zahlen 45 Euro Zoll vorab, die bekommen Sie bar vom Fahrer wieder.
Mein Mann arbeitet auf einer Bohrinsel, ich regele alles per Mail. Das Geld kommt vom Kurier, die Gebühr legen Sie aus.
Bitte scannen Sie den QR-Code, damit Sie mein Geld empfangen können, dabei nur kurz bei der Bank anmelden.
Die Plattform hält das Geld zurück, bis du die Gebühr von 19,90 bezahlt hast. Hier die Zahlungsseite.
Schreib mir eine SMS an 0176 1234567, hier sehe ich nichts. Wer zuerst überweist, bekommt die Konzertkarte.
Ich bräuchte es als Geschenk verpackt und mit Gutscheinkarten von Apple dazu, alles zahle ich dir nachher.
Ist es noch zu haben? Dann zahle ich per Nachnahme, aber du musst dich erst beim Versanddienst mit Karte anmelden.
Hier ist die Mail von der Bank, dass das Geld unterwegs ist. Du musst den Link darin öffnen und dich einloggen.
Meld dich auf Signal, dort schicke ich dir Bilder. Kaution 100 Euro vorher, bekommst du zurück.
Ich bin der Hausmeister. Für den Kellerschlüssel überweise bitte 60 Euro Pfand vorab, danach lege ich ihn hin.
Bitte sende das Paket heute noch, die Zahlung siehst du in dieser PDF. Das Geld wird nach Versand freigeschaltet.
Du gewinnst einen Gutschein, wenn du mir deine Handynummer und den Aktivierungscode nennst.
Ich habe versehentlich 800 statt 80 überwiesen. Kannst du mir die Differenz gleich zurücküberweisen?
Du kannst mir vertrauen, ich wohne auch hier. Nur: Zahlung vorab über Freunde und Verwandte, dann stelle ich es vor die Tür.
Wegen Corona keine Besichtigung. Bezahlung vorher, Lieferung mit Spedition, Käuferschutz inklusive.
Lade dir bitte die Quittung unter dem Link herunter und bestätige mit deinem Online-Banking.
Ich lasse es mit Uber abholen, dafür musst du mir den Bestätigungscode durchgeben, der bei dir ankommt.
Der Transporteur verlangt seinen Lohn von dir, ich schicke ihn dir mit dem Kaufpreis auf dein Konto. Brauche deine Bankdaten.
Kannst du mir vorab 20 Euro Benzingeld überweisen? Dann fahre ich los und bringe dir die Reifen.
Kauf bitte Paysafecards für 100 Euro und gib mir die PINs, ich komme dann mit dem Bargeld.
Zur Zahlungsabwicklung erhalten Sie gleich einen Anruf vom Kundendienst, nennen Sie dort einfach Ihre Kartennummer.
Die Konsole ist neu. 150 Euro vorab per PayPal Freunde, Abholung nicht möglich, nur Versand.
Ich bin taub und kann nur mailen. Ein Spediteur meldet sich, bitte legen Sie die Kosten aus.
Wenn du die Anzahlung bis heute Abend machst, lege ich das zweite Rad umsonst drauf.
Das ist ein Notfall: Mein Geldbeutel ist weg, leih mir bitte etwas per Western Union, Adresse kommt per WhatsApp.
Hi, hier ist der Link für die sichere Übergabe. Einloggen, Karte bestätigen, fertig, der Betrag ist sofort da.
Überweise einfach die Hälfte, damit ich weiß, dass du es ernst meinst. Danach gebe ich dir meine Adresse.
Hier ein Formular für den Käuferschutz, bitte mit IBAN, Geburtsdatum und Ausweisnummer ausfüllen.
Ich bezahle mit Bitcoin, das ist sicher. Du brauchst nur eine Wallet, den Link schicke ich.
Bitte schick erst das Buch, das Geld habe ich schon angewiesen, es wird nach Eingabe der Trackingnummer freigegeben.
Können wir auf eine andere App wechseln? Meine Frau macht die Zahlung dort mit einem Code fertig.
Ich habe eine Spende für dich. Du musst nur die Bearbeitungsgebühr vorher bezahlen.
Der Laptop kostet nur 90 Euro, weil ich ausziehe. Überweisung im Voraus, ich werfe ihn dann in den Paketshop.
Mein Kurier steht in einer Stunde bei dir. Er braucht nur die Bestätigung der Karte, den Link hast du per SMS.
Du bekommst das Geld über eine Bezahlseite, trag dort bitte die Kartennummer und die drei Ziffern hinten ein.
Ich zahle 20 Euro mehr, wenn du das Inserat löschst und mir auf WhatsApp deine Kontodaten gibst.
Ich kann bar leider nicht. Bitte Vorkasse, ich bin seriös, siehst du an meinem Profil.
Ein Bekannter von der Post liefert es. Zahle ihm die Versandversicherung per Gutschein von Steam.
Deine Wohnung gefällt mir. Schick mir Ausweis und Gehaltsnachweis an meine Mail, dann überweise ich die Miete im Voraus doppelt.
Kannst du mir die SMS weiterleiten, die du bekommst? Da steht eine Nummer drin, die ich zum Bezahlen brauche.
Sorry, ich hab mich mit der Nummer vertan, du kriegst gleich einen Code von WhatsApp. Schickst du mir den bitte?
Bezahlung läuft sicher über diesen Dienst, du klickst auf Geld empfangen und wählst deine Bank.
Ich habe ein krankes Kind und brauche den Kinderwagen dringend, kann aber nur mit Scheck zahlen, du gibst mir den Rest raus.
Da viele fragen: Nur wer die 25 Euro Reservierungsgebühr überweist, bekommt einen Termin.
""".strip().splitlines()

FINE = """
Hallo, ist das Regal noch da? Ich könnte heute nach 18 Uhr vorbeikommen.
Für meine Tochter wäre das Rad genau richtig. Samstag Vormittag?
Ich hätte Interesse und wohne gleich um die Ecke.
Passt das Regal in einen Kleinwagen, oder sollte ich jemanden mitbringen?
Ich gebe dir das Geld bar, wenn ich es abhole.
Kann ich dir die 15 Euro beim Abholen per PayPal geben? Ich habe selten Bargeld.
Wie breit ist der Tisch genau? Bei uns sind nur 80 Zentimeter Platz.
Danke für das Angebot! Ich bringe auch einen Kuchen mit.
Ruf mich gern an, ich bin bis acht zu Hause.
Meine Nummer steht am Klingelschild, ich bin die mit dem roten Fahrrad.
Können wir Mittwoch machen? Am Dienstag bin ich beim Chor.
Ich würde die Bohrmaschine gern für das Wochenende leihen und Montag früh zurückbringen.
Ist ein Akku dabei, oder braucht man ein Kabel?
Mein Sohn holt den Schlitten ab, er heißt Emil und ist zehn.
Ich nehme gern alle 14 Kartons, ich ziehe am ersten um.
Falls die andere Person nicht kommt, würde ich mich sehr freuen.
Gibt es eine Anleitung zu der Nähmaschine?
Ich habe keinen Aufzug. Hilft mir jemand beim Tragen? Ich zahle ein Bier.
Wir sind neu hier und haben noch kein Sofa. Dürfen wir es uns ansehen?
Ich tausche gern gegen zwei Gläser Quittengelee.
Hat die Waschmaschine einen Schaden, oder brauchst du sie nur nicht mehr?
Ich könnte morgen zwischen zwölf und eins.
Wir teilen uns den Transporter mit den Leuten von nebenan, Samstag passt.
Meine Mutter sucht genau so einen Sessel. Ist er hoch genug zum Aufstehen?
Ich hätte gern das Buch, aber nur, wenn es sonst niemand möchte.
Darf ich den Beamer für das Hoffest ausleihen? Kaution hinterlege ich gern bar bei dir.
Kommt die Leiter bis zur Decke? Bei uns sind es drei Meter zwanzig.
Ich bin Tagesmutter, wir könnten das Bobbycar gut gebrauchen.
Der Preis ist fair. Ich komme mit passendem Geld.
Ginge auch 20 Euro? Dann nehme ich die Lampe gleich mit.
Ich kann es erst nach der Schicht abholen, so gegen 22 Uhr. Ist das zu spät?
Hallo, ich komme aus der Spulengasse und würde zu Fuß kommen.
Wenn es regnet, komme ich lieber am Donnerstag, mein Anhänger hat kein Dach.
Hast du vielleicht auch die passenden Schrauben dazu?
Ich suche seit Wochen so einen Kindersitz. Ist er unfallfrei?
Bitte leg mir einen zurück, ich bin in einer halben Stunde da.
Ich überweise dir das Geld gern, sobald ich es gesehen habe, oder bar, wie du magst.
Unser Hausprojekt sammelt Stühle. Wir würden alle sechs nehmen.
Ich wohne im vierten Stock, aber wir sind zu zweit.
Ist der Mantel gefüttert? Und wie lang sind die Ärmel?
Den Schlüssel zum Hof habe ich, du müsstest nur das Rad aufschließen.
Kannst du mir ein Foto von der Rückseite schicken? Da soll ein Anschluss sein.
Ich frage für eine ältere Nachbarin, die kein Internet hat. Sie kommt mit mir.
Ich bringe die Leiter am Freitag zurück, versprochen.
Ich brauche das Babyphone nur für zwei Wochen, bis unser neues kommt.
Wir haben leider kein Auto. Kommst du mit dem Lastenrad auch bis zum Brunnenplatz?
Das Fahrrad ist ja schön! Welche Rahmenhöhe hat es?
Ich lerne gerade nähen und würde mich über die Stoffreste freuen.
Die Katze meiner Schwester hätte gern den Kratzbaum.
Ich habe eine Overlock, fast neu, und würde tauschen.
Ist die Kühltruhe noch zu haben? Dann frage ich meinen Bruder nach dem Anhänger.
Sonntag ist bei uns Flohmarkt, da könnte ich sie gleich mitnehmen.
Das Gerät ist genau das, was uns im Reparaturcafé fehlt.
Ich nehme es auch, wenn es nicht mehr geht. Ich bastle gern.
Wann bist du zu Hause? Ich arbeite gleich gegenüber in der Bäckerei.
Bei mir ginge es heute nur bis vier, danach hole ich die Kinder ab.
Vielen Dank, dass du an mich gedacht hast. Ich komme um sechs.
Ich habe dein Angebot in der Mail gesehen. Ist die Gitarre für Anfänger geeignet?
Magst du sie mir vor die Tür stellen? Ich bin mit Fieber im Bett.
Wie schwer ist die Platte? Ich habe einen kaputten Rücken.
Ich hätte den Code für die Hoftür, sag mir nur, welches Stockwerk.
Kann man den Tisch auseinandernehmen? Unser Treppenhaus ist eng.
Meine Schwester aus England ist zu Besuch und sucht einen Koffer.
Wir könnten dir den Betrag auch in den Briefkasten legen.
Ich würde gern zuerst schauen, ob es passt, und dann bezahlen.
Das Sofa nehmen wir. Mein Schwager hat eine Spedition, er hilft am Samstag tragen.
Ich habe früher als Kurier gearbeitet und ein großes Lastenrad, Transport ist kein Problem.
Die Versicherung zahlt den Wasserschaden, deshalb suche ich einen gebrauchten Teppich für die Zeit dazwischen.
Ich bekomme morgen mein Gehalt, dann kaufe ich es dir gern ab.
Danke! Ich melde mich, sobald ich den Bus erwische.
Dein Brotbackautomat: geht der auch mit Roggenmehl?
Ist es schlimm, wenn ich es erst nächste Woche hole?
Ich habe die Wollreste gesehen. Wir stricken im Nachbarschaftszentrum Mützen.
Der Kinderwagen sieht toll aus. Ist der Bezug waschbar?
Wir haben schon eine, aber die Patentante würde sich freuen.
Ich wünsche mir so einen Plattenspieler, seit meiner kaputt ist.
Hallo, hier ist die Kita am Mühlgraben. Wir würden die Bausteine gern nehmen und schreiben auch eine Quittung.
Ich bin Rentner und den ganzen Tag da, komm einfach vorbei, wann du willst.
Könntest du sie bis Freitag aufheben? Ich bin bis dahin bei meinem Vater.
Falls du auch das Zubehör loswerden willst, nehme ich es dazu.
Ich trage eigentlich 44, fällt der Mantel groß aus?
Die Pflanze würde bei uns im Hof stehen, da hat sie Sonne.
Ich kann dir dafür am Wochenende beim Streichen helfen.
Funktioniert der Drucker mit Linux?
Wir suchen noch eine Bank für den Gemeinschaftsgarten. Wäre das etwas?
Leihst du das Zelt auch eine ganze Woche? Wir fahren an die Ostsee.
Ich hinterlasse dir gern meinen Ausweis, solange ich den Hochdruckreiniger habe.
Schreib mir einfach hier, ich schaue abends rein.
Ich habe leider erst am Monatsende wieder Geld. Geht es auch dann noch?
Am liebsten würde ich sie einmal ausprobieren, bevor ich sie kaufe.
Kann mein Freund sie abholen? Er heißt Jan und hat einen grauen Bart.
Mir gefällt das Bild sehr. Weißt du, wer es gemalt hat?
Ich würde den Pavillon am 14. brauchen und am 15. sauber zurückbringen.
Einen Kaffee gibt es natürlich dazu, bei dir oder bei mir.
Ist das Netzteil das Original?
Wir treffen uns am besten am Brunnen, den findet jeder.
Ich bringe eine Tasche mit. Wie viele Bücher sind es ungefähr?
Oh, da bin ich wohl zu spät. Wenn es sich anders ergibt, sag Bescheid.
Mein Kleiner hat morgen Geburtstag, das Laufrad wäre ein Traum.
Ich habe zwei linke Hände. Ist der Schrank schon aufgebaut?
Bei uns passt es heute leider doch nicht, tut mir leid. Gib es ruhig weiter.
Der Garten hinter der Alten Weberei braucht Töpfe, wir nehmen jede Größe.
Ich suche für den Deutschkurs im Gemeindehaus ein Wörterbuch Arabisch.
Wie alt ist die Matratze? Und ist sie eher hart?
Meine Oma hatte genau dieses Service. Ich würde es in Ehren halten.
Ich komme mit dem Rad, Anhänger ist dran.
Reicht es, wenn ich dir das Geld in einem Umschlag gebe?
Hast du am Donnerstag Zeit, mir kurz zu zeigen, wie die Säge geht?
Wir brauchen die Stühle nur für das Straßenfest und stapeln sie danach wieder bei dir.
Ist die Lieferung von Ikea vollständig, oder fehlen Teile?
Ich habe so etwas noch im Keller, du kannst es haben. Passt dir morgen?
Die Post kommt bei uns immer erst um zwei, danach bin ich frei.
Ich kann mit Karte nichts anfangen, nehmt ihr auch Kleingeld?
Deine Anzeige habe ich meinem Nachbarn gezeigt, der meldet sich bestimmt auch.
Ich schicke meine Frau vorbei, sie kennt sich mit Nähmaschinen aus.
Wie zahlen wir das am besten? Bar beim Abholen wäre mir recht.
Die Gebühr für den Sperrmüll spare ich mir gern, nimmst du den Sessel auch geschenkt?
Ich warte noch auf die Zusage vom Vermieter, dann melde ich mich wegen der Küche.
Du musst nichts vorbereiten, ich habe Werkzeug dabei.
Ein Gutschein fürs Kino wäre mir als Tausch auch recht, aber Kuchen ist mir lieber.
Ich sehe gerade, dass es schon versprochen ist. Glückwunsch an die andere Person!
Ist dein Hund dabei? Ich habe ein bisschen Angst vor großen.
Wir sind die WG im Hinterhaus und brauchen dringend einen Kühlschrank.
Hättest du vielleicht noch einen zweiten davon?
Ich notiere mir Freitag, 17 Uhr. Bis dann!
""".strip().splitlines()


def is_held_out(message: str) -> bool:
    """A fixed third, whatever order the messages stand in."""
    return hashlib.sha256(message.encode()).digest()[0] % 3 == 0

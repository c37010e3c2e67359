/// Sums and differences as Python's `decimal` computes them: exact,
/// then held against the limits of 38 digits and the range.
struct ArithmeticRow {
    let left: String
    let right: String
    /// A number, or the error.
    let sum: String
    let difference: String
}

let arithmeticTable: [ArithmeticRow] = [
    ArithmeticRow(
        left: "0", right: "0",
        sum: "0",
        difference: "0"),
    ArithmeticRow(
        left: "0", right: "5",
        sum: "5",
        difference: "-5"),
    ArithmeticRow(
        left: "-7", right: "0",
        sum: "-7",
        difference: "-7"),
    ArithmeticRow(
        left: "1", right: "-1",
        sum: "0",
        difference: "2"),
    ArithmeticRow(
        left: "0.1", right: "0.2",
        sum: "3e-1",
        difference: "-1e-1"),
    ArithmeticRow(
        left: "1.10", right: "2.20",
        sum: "33e-1",
        difference: "-11e-1"),
    ArithmeticRow(
        left: "999", right: "1",
        sum: "1e3",
        difference: "998"),
    ArithmeticRow(
        left: "1e125", right: "1e125",
        sum: "2e125",
        difference: "0"),
    ArithmeticRow(
        left: "5e125", right: "5e125",
        sum: "overflow",
        difference: "0"),
    ArithmeticRow(
        left: "99999999999999999999999999999999999999", right: "1",
        sum: "1e38",
        difference: "99999999999999999999999999999999999998"),
    ArithmeticRow(
        left: "99999999999999999999999999999999999999", right: "99999999999999999999999999999999999999",
        sum: "overflow",
        difference: "0"),
    ArithmeticRow(
        left: "-99999999999999999999999999999999999999", right: "-1",
        sum: "-1e38",
        difference: "-99999999999999999999999999999999999998"),
    ArithmeticRow(
        left: "1e38", right: "-1",
        sum: "99999999999999999999999999999999999999",
        difference: "overflow"),
    ArithmeticRow(
        left: "1e38", right: "1",
        sum: "overflow",
        difference: "99999999999999999999999999999999999999"),
    ArithmeticRow(
        left: "-1e38", right: "1",
        sum: "-99999999999999999999999999999999999999",
        difference: "overflow"),
    ArithmeticRow(
        left: "1e37", right: "1",
        sum: "10000000000000000000000000000000000001",
        difference: "9999999999999999999999999999999999999"),
    ArithmeticRow(
        left: "1e37", right: "0.1",
        sum: "overflow",
        difference: "99999999999999999999999999999999999999e-1"),
    ArithmeticRow(
        left: "1e37", right: "-0.1",
        sum: "99999999999999999999999999999999999999e-1",
        difference: "overflow"),
    ArithmeticRow(
        left: "3e38", right: "-1",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "1e38", right: "-0.1",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "1e39", right: "-1",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "1e50", right: "1",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "1e50", right: "-1",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "1e-130", right: "1e-130",
        sum: "2e-130",
        difference: "0"),
    ArithmeticRow(
        left: "1.1e-130", right: "-1e-130",
        sum: "underflow",
        difference: "21e-131"),
    ArithmeticRow(
        left: "1e-130", right: "-1e-130",
        sum: "0",
        difference: "2e-130"),
    ArithmeticRow(
        left: "1e125", right: "1e-130",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "9.9e125", right: "1e124",
        sum: "overflow",
        difference: "98e124"),
    ArithmeticRow(
        left: "9.9e125", right: "0.9e124",
        sum: "999e123",
        difference: "981e123"),
    ArithmeticRow(
        left: "99999999999999999999999999999999999999e87", right: "1e87",
        sum: "1e125",
        difference: "99999999999999999999999999999999999998e87"),
    ArithmeticRow(
        left: "99999999999999999999999999999999999999e87", right: "-1e87",
        sum: "99999999999999999999999999999999999998e87",
        difference: "1e125"),
    ArithmeticRow(
        left: "0.0000099999999999999999999999999999999999999", right: "0.0000000000000000000000000000000000000000001",
        sum: "1e-5",
        difference: "99999999999999999999999999999999999998e-43"),
    ArithmeticRow(
        left: "12345678901234567890", right: "98765432109876543210",
        sum: "1111111110111111111e2",
        difference: "-8641975320864197532e1"),
    ArithmeticRow(
        left: "1e19", right: "-1",
        sum: "9999999999999999999",
        difference: "10000000000000000001"),
    ArithmeticRow(
        left: "18446744073709551615", right: "1",
        sum: "18446744073709551616",
        difference: "18446744073709551614"),
    ArithmeticRow(
        left: "34028236692093846346337460743176821145", right: "34028236692093846346337460743176821145",
        sum: "6805647338418769269267492148635364229e1",
        difference: "0"),
    ArithmeticRow(
        left: "1e20", right: "1e-17",
        sum: "10000000000000000000000000000000000001e-17",
        difference: "9999999999999999999999999999999999999e-17"),
    ArithmeticRow(
        left: "1e20", right: "1e-18",
        sum: "overflow",
        difference: "99999999999999999999999999999999999999e-18"),
    ArithmeticRow(
        left: "3.4e38", right: "1",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "3.5e38", right: "1",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "2.5e38", right: "-99999999999999999999999999999999999999",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "2.5e38", right: "99999999999999999999999999999999999999",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "1e76", right: "-1e38",
        sum: "99999999999999999999999999999999999999e38",
        difference: "overflow"),
    ArithmeticRow(
        left: "-17400297550473688139849165156471341093e87", right: "38980539645911883194e-5",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "7329380320589945686e-5", right: "-3e9",
        sum: "7329080320589945686e-5",
        difference: "7329680320589945686e-5"),
    ArithmeticRow(
        left: "-9617319776186746134", right: "-008e-60",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "53487584669749777267475529694567248097e-130", right: "6841961001004308051e-118",
        sum: "53487591511710778271783580694567248097e-130",
        difference: "53487577827788776263167478694567248097e-130"),
    ArithmeticRow(
        left: "790324906871731552e5", right: "-52011077108291294770237777847914545018e87",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "47675013938025500e19", right: "-950406391e32",
        sum: "-95040162349860619745e21",
        difference: "95041115850139380255e21"),
    ArithmeticRow(
        left: "21", right: "71215802822428963392",
        sum: "71215802822428963413",
        difference: "-71215802822428963371"),
    ArithmeticRow(
        left: "-389096356870688238e38", right: "3e38",
        sum: "-389096356870688235e38",
        difference: "-389096356870688241e38"),
    ArithmeticRow(
        left: "610e-130", right: "-01815900836394171902e5",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "12e-130", right: "-5294703675436211618e-133",
        sum: "-5294703675436199618e-133",
        difference: "5294703675436223618e-133"),
    ArithmeticRow(
        left: "73383490485819905e-1", right: "05560e-1",
        sum: "73383490485825465e-1",
        difference: "73383490485814345e-1"),
    ArithmeticRow(
        left: "0e-1", right: "889413929e-11",
        sum: "889413929e-11",
        difference: "-889413929e-11"),
    ArithmeticRow(
        left: "-19943226823696987e-5", right: "-403e38",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "29e-60", right: "3e-68",
        sum: "2900000003e-68",
        difference: "2899999997e-68"),
    ArithmeticRow(
        left: "-67788736270564524595304216993136622808", right: "596414201999288111e87",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "55232e-38", right: "793448159e-39",
        sum: "794000479e-39",
        difference: "-792895839e-39"),
    ArithmeticRow(
        left: "-91927395254140007750e-130", right: "69e-1",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "-225760821750287417e-60", right: "3134895207122341731e-46",
        sum: "313489520712233947339178249712583e-60",
        difference: "-313489520712234398860821750287417e-60"),
    ArithmeticRow(
        left: "54854847808390878842e87", right: "-039432404453290159e-38",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "-737", right: "58460439e-20",
        sum: "-73699999999999941539561e-20",
        difference: "-73700000000000058460439e-20"),
    ArithmeticRow(
        left: "-93974307884845465186240858011076812450e-60", right: "56691147744300886e-38",
        sum: "47293716955816339481375914198892318755e-59",
        difference: "-66088578532785432518624085801107681245e-59"),
    ArithmeticRow(
        left: "01428106473142221e87", right: "-964994799e83",
        sum: "14281064730457215201e83",
        difference: "14281064732387204799e83"),
    ArithmeticRow(
        left: "99775973281326395794e1", right: "-30636910557466458959069244973179259675e-60",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "7019176008855227816e1", right: "-9896439191057463578e-6",
        sum: "70191750192113087102536422e-6",
        difference: "70191769984991469217463578e-6"),
    ArithmeticRow(
        left: "98465095642750083e-130", right: "7e5",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "6757335213034635752543808336806011193", right: "-949980124e27",
        sum: "5807355089034635752543808336806011193",
        difference: "7707315337034635752543808336806011193"),
    ArithmeticRow(
        left: "-730e-19", right: "89429e-130",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "16833689897169822e5", right: "-322847953e16",
        sum: "-32267961610102830178e5",
        difference: "32301628989897169822e5"),
    ArithmeticRow(
        left: "-0733436505556658642e1", right: "97828e-130",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "-38e-5", right: "9e-10",
        sum: "-3799991e-10",
        difference: "-3800009e-10"),
    ArithmeticRow(
        left: "-08076155248094245e-60", right: "99e-130",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "93316095539669002e5", right: "180913775e12",
        sum: "95125233289669002e5",
        difference: "91506957789669002e5"),
    ArithmeticRow(
        left: "-29554932129870118e-130", right: "-764836996576889301e87",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "-6198759921113373805200604791372007532", right: "945597059e24",
        sum: "-6197814324054373805200604791372007532",
        difference: "-6199705518172373805200604791372007532"),
    ArithmeticRow(
        left: "-16703e-5", right: "1943595446657531964135801120850602301e-5",
        sum: "1943595446657531964135801120850585598e-5",
        difference: "-1943595446657531964135801120850619004e-5"),
    ArithmeticRow(
        left: "-31930e19", right: "-1e18",
        sum: "-319301e18",
        difference: "-319299e18"),
    ArithmeticRow(
        left: "-827296409964979990e5", right: "-20341209551835651e-19",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "79", right: "-244505969439094349e-14",
        sum: "-236605969439094349e-14",
        difference: "252405969439094349e-14"),
    ArithmeticRow(
        left: "-4120000517024443335", right: "013",
        sum: "-4120000517024443322",
        difference: "-4120000517024443348"),
    ArithmeticRow(
        left: "6876528124303506552731522321279368077e19", right: "9231346e51",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "-5877316607207001112338373119899511970e87", right: "21874e19",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "95136058181151169168247203021246986151e-5", right: "-3994501908238140452e15",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "5451694246025640643943370062736857533", right: "-28e1",
        sum: "5451694246025640643943370062736857253",
        difference: "5451694246025640643943370062736857813"),
    ArithmeticRow(
        left: "-27543e1", right: "4e-16",
        sum: "-2754299999999999999996e-16",
        difference: "-2754300000000000000004e-16"),
    ArithmeticRow(
        left: "-4", right: "-29418e5",
        sum: "-2941800004",
        difference: "2941799996"),
    ArithmeticRow(
        left: "93730831906644838e-19", right: "-251848150e-9",
        sum: "-2424750668093355162e-19",
        difference: "2612212331906644838e-19"),
    ArithmeticRow(
        left: "87809865343724449882", right: "05755234781111657e-60",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "03060907488508460", right: "22923093e9",
        sum: "2598400048850846e1",
        difference: "-1986218551149154e1"),
    ArithmeticRow(
        left: "07327242907720393916210936298271904918e1", right: "-4342851473319450672663608607050287977e-1",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "-191", right: "-252204702e-1",
        sum: "-252206612e-1",
        difference: "252202792e-1"),
    ArithmeticRow(
        left: "8978634256971302732", right: "45096924551943712e19",
        sum: "450969245519437128978634256971302732",
        difference: "-450969245519437111021365743028697268"),
    ArithmeticRow(
        left: "3319621415732218631e38", right: "9e45",
        sum: "3319621415822218631e38",
        difference: "3319621415642218631e38"),
    ArithmeticRow(
        left: "3", right: "-52595278251545419617e38",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "-93631396226993060107e19", right: "2479347426315977394e35",
        sum: "24793474263159680308603773006939893e19",
        difference: "-24793474263159867571396226993060107e19"),
    ArithmeticRow(
        left: "8e38", right: "00835291092750433e5",
        sum: "8000000000000000000835291092750433e5",
        difference: "7999999999999999999164708907249567e5"),
    ArithmeticRow(
        left: "67831509147348565590e1", right: "-4354700518854434173e2",
        sum: "2428450395880422386e2",
        difference: "11137851433589290732e2"),
    ArithmeticRow(
        left: "-1674835104437472182905828877226738836", right: "-8e-130",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "58419376154521591050563708639840162523e-1", right: "879730941e18",
        sum: "58419376163318900460563708639840162523e-1",
        difference: "58419376145724281640563708639840162523e-1"),
    ArithmeticRow(
        left: "8603612819066616236e87", right: "350485627649377154e-38",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "-84985616777274901447e-130", right: "-935965205820854117e-133",
        sum: "-84986552742480722301117e-133",
        difference: "-84984680812069080592883e-133"),
    ArithmeticRow(
        left: "-181149367715583525e-130", right: "555762042281389136e-5",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "-704398251880237391e1", right: "8e10",
        sum: "-704398243880237391e1",
        difference: "-704398259880237391e1"),
    ArithmeticRow(
        left: "-4242676183220450175e-5", right: "48312234202546429003709713032320482290",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "-77892e-5", right: "-7e-19",
        sum: "-7789200000000000007e-19",
        difference: "-7789199999999999993e-19"),
    ArithmeticRow(
        left: "51e-19", right: "47259e-60",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "542267240781171530e1", right: "934430849e11",
        sum: "988657573078117153e2",
        difference: "-880204124921882847e2"),
    ArithmeticRow(
        left: "-21635784923760103e-19", right: "1950509514259943694e-130",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "85676966885170123e-60", right: "-3501856428883794432e-62",
        sum: "5065840259633217868e-62",
        difference: "12069553117400806732e-62"),
    ArithmeticRow(
        left: "-30e1", right: "-02945389308680210046209739701196954491e5",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "-351410522364045479e-5", right: "-87528930e-3",
        sum: "-351410531116938479e-5",
        difference: "-351410513611152479e-5"),
    ArithmeticRow(
        left: "3131474419023193335e-5", right: "-3825778000112843138",
        sum: "-382574668536865290606665e-5",
        difference: "382580931485703336993335e-5"),
    ArithmeticRow(
        left: "-612e5", right: "-806615401e-7",
        sum: "-612000806615401e-7",
        difference: "-611999193384599e-7"),
    ArithmeticRow(
        left: "-4320419335259779835e-38", right: "63e-38",
        sum: "-4320419335259779772e-38",
        difference: "-4320419335259779898e-38"),
    ArithmeticRow(
        left: "72673173524307960630595923120137857760e19", right: "4305126898728028315e49",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "66454851412086982e-60", right: "-8076818162499688366660078597955601093e38",
        sum: "overflow",
        difference: "overflow"),
    ArithmeticRow(
        left: "341414719890631733e-1", right: "-1658452319075219275e14",
        sum: "-1658452319075218933585280109368267e-1",
        difference: "1658452319075219616414719890631733e-1"),
    ArithmeticRow(
        left: "08636130354493477e-38", right: "-92280591052391832234916825334280470264e1",
        sum: "overflow",
        difference: "overflow"),
]
